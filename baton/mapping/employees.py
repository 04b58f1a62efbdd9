"""Between mapped rows and canonical employees."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from baton.mapping.result import Mapped
from baton.mapping.schema import EMPLOYEE
from baton.mapping.values import EMPLOYEE_TYPES, Value
from baton.model.people import EMPLOYEE_COLUMNS, Employee, EmploymentStatus

if TYPE_CHECKING:
    import polars as pl


def employee_schema() -> dict[str, pl.DataType]:
    """The column types of a frame of employees."""
    from baton.mapping.compile import POLARS_TYPES

    return {name: POLARS_TYPES[kind] for name, kind in EMPLOYEE_TYPES.items()}


def employee_frame(employees: Iterable[Employee]) -> pl.DataFrame:
    """Employees as the frame that a mapping from ``employee`` takes, one row each, in order."""
    import polars as pl

    people = list(employees)
    columns = {name: [_plain(getattr(person, name)) for person in people] for name in EMPLOYEE_COLUMNS}
    return pl.DataFrame(columns, schema=employee_schema())


def employee_rows(mapped: Mapped) -> Iterator[tuple[int, Employee]]:
    """Row number and employee of every row in scope that was not refused."""
    if mapped.mapping.target != EMPLOYEE:
        raise ValueError(f"this mapping makes {mapped.mapping.target} accounts, not employees")
    return ((row, employee_of(fields)) for row, fields in mapped.records())


def employee_of(fields: Mapping[str, Value]) -> Employee:
    """One mapped row as an employee; columns without a value keep the employee's own defaults."""
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    given["status"] = EmploymentStatus(given["status"])
    return Employee(**given)


def to_employees(mapped: Mapped) -> Iterator[Employee]:
    """Every employee of a mapped source that was not refused."""
    return (employee for _, employee in employee_rows(mapped))


def _plain(value: object) -> object:
    return value.value if isinstance(value, Enum) else value
