"""The SOAP face of the simulated ERP, in spyne's terms. Importing this module imports spyne (counterpart group)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from datetime import date
from typing import Any, Final

import connectors.erp.soap.simulator_spyne  # noqa: F401 - must come before spyne
from connectors.erp.soap.simulator_ledger import Confirmation, Ledger

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # spyne uses what the standard library has deprecated
    from spyne import Application, Boolean, ComplexModel, Date, DateTime, Fault, Integer32, ServiceBase, Unicode, rpc
    from spyne import const as spyne_const
    from spyne.protocol.soap import Soap11
    from spyne.server.wsgi import WsgiApplication

spyne_const.MIN_GC_INTERVAL = math.inf  # a full collection after a call takes seconds in a large process
NAMESPACE: Final = "urn:synthetic:sap-like:employee-replication"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_ACTIONS: Final = {
    "EmployeeHireRequest": "hire",
    "EmployeeChangeRequest": "change",
    "EmployeeEndRequest": "end",
    "EmployeeReinstateRequest": "reinstate",
}
_HEADERS: Final = ("ID", "CreationDateTime", "SenderBusinessSystemID", "EmployeeID")


def _text(longest: int, **more: Any) -> Any:
    return Unicode(min_len=1, max_len=longest, **more)


def _model(name: str, *members: tuple[str, Any]) -> Any:
    """A complex type with its elements in order."""
    body = {"__namespace__": NAMESPACE, "__type_name__": name, "_type_info": list(members)}
    return type(ComplexModel)(name, (ComplexModel,), body)


def _must(kind: Any) -> Any:
    return kind.customize(min_occurs=1, nillable=False)


def _may(kind: Any, *, nil: bool = False) -> Any:
    return kind.customize(min_occurs=0, nillable=nil)


def _parts(*, nil: bool) -> tuple[Any, Any, Any]:
    """Name, assignment and communication, with elements that may be nil (in a change) or not."""
    suffix = "Change" if nil else ""
    full_name = _may(_text(255)) if nil else _must(_text(255))
    name = _model(
        f"Name{suffix}",
        ("FormattedName", full_name),
        ("FamilyName", _may(_text(40), nil=nil)),
        ("GivenName", _may(_text(40), nil=nil)),
    )
    assignment = _model(
        f"OrganisationalAssignment{suffix}",
        *((part, _may(_text(60), nil=nil)) for part in ("CompanyID", "OrganisationalCentreID", "CostCentreID")),
        ("PositionTitle", _may(_text(255), nil=nil)),
        ("ManagerInternalID", _may(_text(60), nil=nil)),
    )
    communication = _model(
        f"Communication{suffix}",
        ("EmailURI", _may(_text(255), nil=nil)),
        ("MobilePhoneNumber", _may(_text(40), nil=nil)),
    )
    return name, assignment, communication


_NAME, _ASSIGNMENT, _COMMUNICATION = _parts(nil=False)
_NAME_CHANGE, _ASSIGNMENT_CHANGE, _COMMUNICATION_CHANGE = _parts(nil=True)
_UUID = Unicode(pattern="[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEADER = _model(
    "MessageHeader",
    ("ID", _must(_UUID)),
    ("CreationDateTime", _may(DateTime)),
    ("SenderBusinessSystemID", _must(_text(60))),
)
_HEAD = (("MessageHeader", _must(_HEADER)), ("EmployeeID", _must(_text(20))))
_HIRE = _model(
    "EmployeeHireRequest",
    *_HEAD,
    ("StartDate", _must(Date)),
    ("Name", _must(_NAME)),
    ("OrganisationalAssignment", _may(_ASSIGNMENT)),
    ("Communication", _may(_COMMUNICATION)),
)
_CHANGE = _model(
    "EmployeeChangeRequest",
    *_HEAD,
    ("StartDate", _may(Date)),
    ("Name", _may(_NAME_CHANGE)),
    ("OrganisationalAssignment", _may(_ASSIGNMENT_CHANGE)),
    ("Communication", _may(_COMMUNICATION_CHANGE)),
)
_END = _model("EmployeeEndRequest", *_HEAD, ("EndDate", _must(Date)), ("ReasonCode", _may(_text(60))))
_REINSTATE = _model("EmployeeReinstateRequest", *_HEAD, ("StartDate", _may(Date)))

_ITEM = _model("LogItem", ("TypeID", _must(_text(60))), ("SeverityCode", _must(_text(60))), ("Note", _may(_text(255))))
_LOG = _model(
    "Log",
    ("BusinessDocumentProcessingResultCode", _must(_text(60))),
    ("Item", _ITEM.customize(min_occurs=0, max_occurs="unbounded", nillable=False)),
)
_CONFIRMATION_HEADER = _model("ConfirmationHeader", ("ReferenceID", _must(_UUID)))
_CONFIRMATION = _model(
    "EmployeeReplicationConfirmation",
    ("MessageHeader", _must(_CONFIRMATION_HEADER)),
    ("EmployeeInternalID", _may(_text(60))),
    ("Log", _must(_LOG)),
)

_SELECTION = _model("Selection", ("EmployeeID", _text(20, min_occurs=0, max_occurs="unbounded", nillable=False)))
_PROCESSING = _model("Processing", ("AfterEmployeeInternalID", _may(_text(60))), ("MaximumRowCount", _must(Integer32)))
_QUERY = _model("EmployeeQuery", ("Selection", _may(_SELECTION)), ("Processing", _must(_PROCESSING)))
_ROW = _model(
    "Employee",
    ("EmployeeInternalID", _must(_text(60))),
    ("EmployeeID", _may(_text(20))),
    ("EmploymentStatusCode", _must(_text(60))),
    ("StartDate", _must(Date)),
    ("EndDate", _may(Date)),
    ("Name", _must(_NAME)),
    ("OrganisationalAssignment", _may(_ASSIGNMENT)),
    ("Communication", _may(_COMMUNICATION)),
)
_ROWS = _model(
    "EmployeeQueryResponse",
    ("Employee", _ROW.customize(min_occurs=0, max_occurs="unbounded", nillable=False)),
    ("MoreRowsIndicator", _must(Boolean)),
)


def _leaves(element: Any) -> dict[str, Any]:
    """Leaf elements that are there, by local name; None for a nil. (spyne's objects do not tell nil from absent.)"""
    found: dict[str, Any] = {}
    for leaf in element.iter():
        name = leaf.tag.rpartition("}")[2]
        if len(leaf) == 0 and name not in _HEADERS:
            found[name] = None if leaf.get(_NIL) in ("true", "1") else leaf.text
    return found


def _process(ctx: Any, request: Any) -> Any:
    """One write message, acted on at most once."""
    element = ctx.in_body_doc
    action = _ACTIONS[element.tag.rpartition("}")[2]]
    said = ctx.app.ledger.process(action, request.MessageHeader.ID, request.EmployeeID, _leaves(element))
    return _confirmed(request.MessageHeader.ID, said)


def _confirmed(message_id: str, said: Confirmation) -> Any:
    severity = {"3": "1", "5": "3"}.get(said.result, "2")
    item = _ITEM(TypeID=said.type_id, SeverityCode=severity, Note="合成回执")
    return _CONFIRMATION(
        MessageHeader=_CONFIRMATION_HEADER(ReferenceID=message_id),
        EmployeeInternalID=said.internal_id,
        Log=_LOG(BusinessDocumentProcessingResultCode=said.result, Item=[item]),
    )


def _answered(ctx: Any, request: Any) -> Any:
    """One page of employees, in the order of their internal ids."""
    wanted = set(request.Selection.EmployeeID or ()) if request.Selection else None
    after = request.Processing.AfterEmployeeInternalID or ""
    size = request.Processing.MaximumRowCount
    if size < 1:
        raise Fault("Client.MaximumRowCount", "must be positive")
    rows = [row for key, row in sorted(ctx.app.ledger.rows.items()) if key > after]
    rows = [row for row in rows if not wanted or row.get("EmployeeID") in wanted]
    return _ROWS(Employee=[_row(row) for row in rows[:size]], MoreRowsIndicator=len(rows) > size)


def _row(row: dict[str, Any]) -> Any:
    def part(model: Any) -> Any:
        values = {name: row[name] for name in model.get_flat_type_info(model) if row.get(name) is not None}
        return model(**values) if values else None

    return _ROW(
        EmployeeInternalID=row["EmployeeInternalID"],
        EmployeeID=row.get("EmployeeID"),
        EmploymentStatusCode="2" if row.get("EndDate") else "1",
        StartDate=_day(row["StartDate"]),
        EndDate=_day(row.get("EndDate")),
        Name=part(_NAME),
        OrganisationalAssignment=part(_ASSIGNMENT),
        Communication=part(_COMMUNICATION),
    )


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _operation(element: str, request_model: Any, answer_model: Any, act: Callable[[Any, Any], Any]) -> Any:
    """One operation. In spyne's "bare" style the method is named like the request element."""

    def method(ctx: Any, request: Any) -> Any:
        return act(ctx, request)

    method.__name__ = element
    out = answer_model.get_type_name()
    return rpc(request_model, _returns=answer_model, _body_style="bare", _out_message_name=out)(method)


_OPERATIONS: Final = {
    "EmployeeHireRequest": _operation("EmployeeHireRequest", _HIRE, _CONFIRMATION, _process),
    "EmployeeChangeRequest": _operation("EmployeeChangeRequest", _CHANGE, _CONFIRMATION, _process),
    "EmployeeEndRequest": _operation("EmployeeEndRequest", _END, _CONFIRMATION, _process),
    "EmployeeReinstateRequest": _operation("EmployeeReinstateRequest", _REINSTATE, _CONFIRMATION, _process),
    "EmployeeQuery": _operation("EmployeeQuery", _QUERY, _ROWS, _answered),
}
EmployeeReplication: Final[Any] = type(ServiceBase)("EmployeeReplication", (ServiceBase,), dict(_OPERATIONS))


def application(ledger: Ledger) -> Any:
    """A WSGI application over one ledger."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = Application([EmployeeReplication], NAMESPACE, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
    app.ledger = ledger
    return WsgiApplication(app)
