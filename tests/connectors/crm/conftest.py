"""Fixtures of the tests of Salesforce accounts."""

from tests.connectors.crm.salesforce_desk import org
from tests.connectors.crm.salesforce_handover import handover
from tests.connectors.crm.salesforce_records import records

__all__ = ["handover", "org", "records"]
