"""The table that everybody loads, and how two loaded tables are known to be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from baton.model.account import FieldSpec, FieldType

if TYPE_CHECKING:
    import psycopg

_TEXT: Final = FieldSpec()
_NEEDED: Final = FieldSpec(required=True)
FIELDS: Final = {
    "number": _NEEDED,
    "full_name": _NEEDED,
    "identity_number": _NEEDED,
    "birthday": FieldSpec(FieldType.DATE),
    "mobile": _TEXT,
    "email": _TEXT,
    "department": _NEEDED,
    "department_name": _TEXT,
    "position": _TEXT,
    "grade": _TEXT,
    "employment_type": _TEXT,
    "status": _NEEDED,
    "manager_number": _TEXT,
    "hire_day": FieldSpec(FieldType.DATE, required=True),
    "contract_end_day": FieldSpec(FieldType.DATE),
    "salary": FieldSpec(FieldType.DECIMAL, places=2, required=True),
    "bank_account": _NEEDED,
    "cost_centre": _TEXT,
    "place": _TEXT,
    "updated_at": FieldSpec(FieldType.DATETIME),
}
_TYPES: Final = {
    FieldType.TEXT: "text",
    FieldType.DATE: "date",
    FieldType.DECIMAL: "numeric(12, 2)",
    FieldType.DATETIME: "timestamp with time zone",
}


def create(connection: psycopg.Connection) -> None:
    """The empty table ``staff``."""
    columns = (
        f'"{name}" {_TYPES[spec.type]}{" NOT NULL" if spec.required else ""}{" PRIMARY KEY" if name == "number" else ""}'
        for name, spec in FIELDS.items()
    )
    connection.execute(f"CREATE TABLE staff ({', '.join(columns)})".encode())


def content(connection: psycopg.Connection, schema: str = "public") -> tuple[int, str]:
    """How many rows there are, and a sum over all of them that does not mind their order."""
    from psycopg import sql  # the processes that are measured need the fields alone

    record = sql.SQL(", ").join(sql.Identifier(name) for name in FIELDS)
    query = sql.SQL("SELECT count(*), sum(hashtextextended(ROW({})::text, 0)::numeric) FROM {}")
    found = connection.execute(query.format(record, sql.Identifier(schema, "staff"))).fetchone()
    assert found is not None
    return int(found[0]), str(found[1])
