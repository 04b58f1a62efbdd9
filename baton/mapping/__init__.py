"""Mappings: tables that say which field comes from where, checked whole and applied a column at a time.

>>> from baton.mapping import load_mapping, check_examples, to_employees

Importing this package is cheap: polars is loaded with the first mapping.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from baton.mapping.draft import suggest
    from baton.mapping.draft_records import suggest_records
    from baton.mapping.employees import employee_frame, employee_rows, employee_schema, to_employees
    from baton.mapping.examples import check_examples
    from baton.mapping.load import load_mapping
    from baton.mapping.result import CellFault, Mapped, MappedRecord
    from baton.mapping.schema import FieldMapping, FieldRule, Lifecycle, Otherwise
    from baton.mapping.transforms import load_transforms

_HOMES = {
    "CellFault": "result",
    "FieldMapping": "schema",
    "FieldRule": "schema",
    "Lifecycle": "schema",
    "Mapped": "result",
    "MappedRecord": "result",
    "Otherwise": "schema",
    "check_examples": "examples",
    "employee_frame": "employees",
    "employee_rows": "employees",
    "employee_schema": "employees",
    "load_mapping": "load",
    "load_transforms": "transforms",
    "suggest": "draft",
    "suggest_records": "draft_records",
    "to_employees": "employees",
}

__all__ = [
    "CellFault",
    "FieldMapping",
    "FieldRule",
    "Lifecycle",
    "Mapped",
    "MappedRecord",
    "Otherwise",
    "check_examples",
    "employee_frame",
    "employee_rows",
    "employee_schema",
    "load_mapping",
    "load_transforms",
    "suggest",
    "suggest_records",
    "to_employees",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
