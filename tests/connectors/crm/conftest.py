"""Fixtures of the tests of Salesforce accounts."""

from tests.connectors.crm.salesforce_desk import org

__all__ = ["org"]
