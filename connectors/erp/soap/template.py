"""Filling typed messages from settings, reading values out of answers, and checking beforehand that both can work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from zeep import xsd

from baton.sdk import FieldType
from connectors.erp.soap.contract import Contract
from connectors.erp.soap.fields import FIELDS
from connectors.erp.soap.settings import ConfirmationPart, MessagePart, OperationsPart, QueryPart

TYPES: Final[Mapping[FieldType, type]] = {
    FieldType.TEXT: xsd.String,
    FieldType.REFERENCE: xsd.String,
    FieldType.DATE: xsd.Date,
}
"""Which schema type a field needs. An employee number in an xs:int would lose its leading zero."""
Wanted: TypeAlias = tuple[str, type]
"""A path and the schema type its element must have."""


def filled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings for zeep out of path → value."""
    message: dict[str, Any] = {}
    for path, value in values.items():
        *parents, leaf = path.split("/")
        place = message
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return message


def picked(message: Any, path: str) -> Any:
    """The value at a path of a deserialised answer; None where it (or a parent) is absent, the first of a repeat."""
    for step in path.split("/"):
        if isinstance(message, Sequence) and not isinstance(message, str):
            message = message[0] if message else None
        if not isinstance(message, Mapping):
            return None
        message = message.get(step)
    return message[0] if isinstance(message, list) and message else message


def rows(message: Any, path: str) -> list[Any]:
    """All repeats of the element at a path."""
    parents, _, leaf = path.rpartition("/")
    holder = picked(message, parents) if parents else message
    found = holder.get(leaf) if isinstance(holder, Mapping) else None
    return found if isinstance(found, list) else [] if found is None else [found]


def element_at(root: Any, path: str) -> Any | None:
    """The schema element at a path below an element."""
    for step in path.split("/"):
        children = dict(getattr(root.type, "elements", None) or ())
        if step not in children:
            return None
        root = children[step]
    return root


def faults(contract: Contract, operations: OperationsPart, confirmation: ConfirmationPart) -> list[str]:
    """Everything in the settings that the WSDL does not bear out, all at once."""
    found: list[str] = []
    for message in (operations.hire, operations.change, operations.end, operations.reinstate):
        found += _message_faults(contract, message)
        found += _confirmation_faults(contract, message.name, confirmation)
    found += _query_faults(contract, operations.query)
    return list(dict.fromkeys(found))


def _message_faults(contract: Contract, message: MessagePart) -> Iterator[str]:
    root = contract.element(message.name, reply=False)
    if root is None:
        yield f"the WSDL has no document-style operation {message.name}"
        return
    wanted: list[Wanted] = [(message.number, xsd.String), (message.message_id, xsd.String)]
    wanted += [(path, xsd.AnySimpleType) for path in message.constants]
    wanted += _field_types(message.fields)
    if message.sent_at:
        wanted.append((message.sent_at, xsd.DateTime))
    yield from _type_faults(root, message.name, wanted)
    yield from _unfilled_faults(root, message.name, wanted)


def _confirmation_faults(contract: Contract, operation: str, confirmation: ConfirmationPart) -> Iterator[str]:
    root = contract.element(operation, reply=True)
    if root is None:
        return
    paths = [confirmation.message_id, confirmation.result, confirmation.reason, confirmation.external_id]
    yield from _type_faults(root, f"answer to {operation}", [(path, xsd.String) for path in paths if path])


def _query_faults(contract: Contract, query: QueryPart) -> Iterator[str]:
    request, answer = contract.element(query.name, reply=False), contract.element(query.name, reply=True)
    if request is None or answer is None:
        yield f"the WSDL has no document-style operation {query.name}"
        return
    asked = [(query.number, xsd.String), (query.after, xsd.String), (query.page_size, xsd.Integer)]
    yield from _type_faults(request, query.name, asked)
    yield from _unfilled_faults(request, query.name, asked)
    selector = element_at(request, query.number)
    if selector is not None and not selector.accepts_multiple:
        yield f"{query.name}: {query.number} must be able to repeat"
    yield from _type_faults(answer, f"answer to {query.name}", [(query.more, xsd.Boolean)])
    row = element_at(answer, query.rows)
    if row is None:
        yield f"answer to {query.name}: there is no element {query.rows}"
        return
    wanted: list[Wanted] = [(path, xsd.String) for path in (query.row_number, query.row_external_id, query.row_state)]
    wanted += _field_types(query.fields)
    yield from _type_faults(row, f"{query.rows} of {query.name}", wanted)


def _type_faults(root: Any, where: str, wanted: Sequence[Wanted]) -> Iterator[str]:
    for path, kind in wanted:
        element = element_at(root, path)
        if element is None:
            yield f"{where}: there is no element {path}"
        elif not isinstance(element.type, kind):
            yield f"{where}: {path} is no {kind.__name__} in the WSDL"


def _field_types(fields: Mapping[str, str]) -> list[Wanted]:
    return [(path, TYPES[FIELDS[name].type]) for name, path in fields.items()]


def _unfilled_faults(root: Any, where: str, wanted: Sequence[Wanted]) -> Iterator[str]:
    paths = frozenset(path for path, _ in wanted)
    return (f"{where}: nothing fills the required element {path}" for path in _unfilled(root, paths))


def _unfilled(root: Any, paths: frozenset[str], above: str = "") -> Iterator[str]:
    """Required leaves that no path reaches, below required parents and below parents that are filled in part."""
    for name, element in getattr(root.type, "elements", None) or ():
        path = above + name
        inside = any(other.startswith(path + "/") for other in paths)
        if not (element.min_occurs or inside) or path in paths:
            continue
        if getattr(element.type, "elements", None):
            yield from _unfilled(element, paths, path + "/")
        elif element.min_occurs:
            yield path
