"""Fixtures of the tests of Feishu accounts."""

from tests.connectors.oa.feishu_desk import feishu, sim

__all__ = ["feishu", "sim"]
