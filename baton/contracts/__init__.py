"""What a connector can do, as small types. A connector's class line reads as its feature list.

A connector is synchronous and built as ``Connector(settings, client)``. It keeps no state that matters: all it must
remember is in the target or in the hub's store. Every write takes a sequence and returns one receipt per item, in
order; what concerns the whole call (unreachable, throttled, no permission) is raised as one of the connector errors.
"""

from baton.contracts.accounts import AccountTarget, LookupTarget, RemovalTarget, ResultSource
from baton.contracts.base import Connector, ConnectorSettings, Finding, Promise, Rate, TimeZone
from baton.contracts.handover import (
    AccessControl,
    ActivitySource,
    BlockerSource,
    DeliveryRecord,
    Notifier,
    OwnershipScan,
    OwnershipStore,
    RightsScan,
    SessionControl,
    TransferResults,
    WorkScan,
    WorkSource,
    WorkTransfer,
)
from baton.contracts.payments import AnswerFile, AnswerKind, PayableSource, PaymentChannel, PaymentFile, Sealing
from baton.contracts.people import EmployeeSource, Feed, Hint, HintReply, HintSource, RepeatingSource
from baton.contracts.records import Collection, RecordSource, RecordTarget
from baton.contracts.turns import in_turn, one_by_one

__all__ = [
    "AccessControl",
    "AccountTarget",
    "ActivitySource",
    "AnswerFile",
    "AnswerKind",
    "BlockerSource",
    "Collection",
    "Connector",
    "ConnectorSettings",
    "DeliveryRecord",
    "EmployeeSource",
    "Feed",
    "Finding",
    "Hint",
    "HintReply",
    "HintSource",
    "LookupTarget",
    "Notifier",
    "OwnershipScan",
    "OwnershipStore",
    "PayableSource",
    "PaymentChannel",
    "PaymentFile",
    "Promise",
    "Rate",
    "RecordSource",
    "RecordTarget",
    "RemovalTarget",
    "RepeatingSource",
    "ResultSource",
    "RightsScan",
    "Sealing",
    "SessionControl",
    "TimeZone",
    "TransferResults",
    "WorkScan",
    "WorkSource",
    "WorkTransfer",
    "in_turn",
    "one_by_one",
]
