"""Fixtures of the tests of OA accounts."""

from tests.connectors.oa.feishu_desk import feishu, sim, staff
from tests.connectors.oa.wecom_desk import corp

__all__ = ["corp", "feishu", "sim", "staff"]
