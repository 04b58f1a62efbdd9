"""What drivers raise, as the four connector errors. No message repeats a value: they are all in our own words."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Final

import psycopg
import pymysql  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from baton.sdk import ConnectorError, HaltError, InDoubtError, Receipt, RejectedError, RetryableError


class Phase(Enum):
    """How far a transaction had come: what is lost before its commit has never happened."""

    WORK = "work"
    COMMIT = "commit"


class _Kind(Enum):
    LOST = "the connection to the database was lost"
    BUSY = "the database could not do it now"
    HALT = "the database does not let this connector work"
    RECORD = "the database refuses the record"


@dataclass(frozen=True, slots=True)
class _Trouble:
    """What a driver's error says, without its text."""

    kind: _Kind
    code: str
    column: str = ""
    constraint: str = ""


FOREIGN: Final = (SQLAlchemyError, psycopg.Error, pymysql.MySQLError, sqlite3.Error)
"""All that the libraries under this connector raise."""

_LOST, _BUSY, _HALT, _RECORD = _Kind.LOST, _Kind.BUSY, _Kind.HALT, _Kind.RECORD
_UNKNOWN: Final = (_HALT, "unknown")
_STATES: Final[Mapping[str, tuple[_Kind, str]]] = {
    "22001": (_RECORD, "too_long"), "22003": (_RECORD, "out_of_range"), "22007": (_RECORD, "wrong_type"),
    "22008": (_RECORD, "out_of_range"), "22021": (_RECORD, "encoding"), "22P02": (_RECORD, "wrong_type"),
    "22P05": (_RECORD, "encoding"), "22": (_RECORD, "wrong_data"),
    "23502": (_RECORD, "required"), "23503": (_RECORD, "foreign_key"), "23505": (_RECORD, "unique"),
    "23514": (_RECORD, "check"), "23": (_RECORD, "constraint"), "44": (_RECORD, "check"), "P0": (_RECORD, "trigger"),
    "54000": (_RECORD, "too_long"),
    "08": (_LOST, "connection_lost"), "57P": (_LOST, "connection_lost"), "25P03": (_LOST, "connection_lost"),
    "57014": (_BUSY, "timeout"), "55P03": (_BUSY, "locked"), "40": (_BUSY, "conflict"), "53": (_BUSY, "resources"),
    "53100": (_HALT, "disk_full"), "28": (_HALT, "credentials"), "42501": (_HALT, "permission"),
    "25006": (_HALT, "read_only"), "3D": (_HALT, "no_database"), "42P01": (_HALT, "schema_changed"),
    "42703": (_HALT, "schema_changed"), "428C9": (_HALT, "generated_column"),
}  # fmt: skip
"""SQLSTATE, or how it begins -> what it is. The longest entry wins."""
_ERRNOS: Final[Mapping[int, tuple[_Kind, str]]] = {
    1048: (_RECORD, "required"), 1364: (_RECORD, "required"), 1062: (_RECORD, "unique"), 1586: (_RECORD, "unique"),
    1406: (_RECORD, "too_long"), 1265: (_RECORD, "wrong_type"), 1264: (_RECORD, "out_of_range"),
    1292: (_RECORD, "wrong_type"), 1366: (_RECORD, "wrong_type"), 1411: (_RECORD, "wrong_type"),
    1451: (_RECORD, "foreign_key"), 1452: (_RECORD, "foreign_key"), 3819: (_RECORD, "check"), 4025: (_RECORD, "check"),
    1267: (_RECORD, "encoding"), 1270: (_RECORD, "encoding"), 1271: (_RECORD, "encoding"),
    1644: (_RECORD, "trigger"), 3140: (_RECORD, "wrong_type"), 1300: (_RECORD, "encoding"), 3988: (_RECORD, "encoding"),
    0: (_LOST, "connection_lost"), 2002: (_LOST, "unreachable"), 2003: (_LOST, "unreachable"),
    2006: (_LOST, "connection_lost"), 2013: (_LOST, "connection_lost"), 2014: (_LOST, "connection_lost"),
    1927: (_LOST, "connection_lost"), 1053: (_LOST, "connection_lost"), 1152: (_LOST, "connection_lost"),
    1205: (_BUSY, "locked"), 1213: (_BUSY, "conflict"), 1040: (_BUSY, "resources"), 1203: (_BUSY, "resources"),
    1969: (_BUSY, "timeout"), 3024: (_BUSY, "timeout"), 1317: (_BUSY, "timeout"), 1020: (_BUSY, "conflict"),
    1021: (_HALT, "disk_full"), 1114: (_HALT, "disk_full"), 1045: (_HALT, "credentials"), 1698: (_HALT, "credentials"),
    2059: (_HALT, "credentials"), 1044: (_HALT, "permission"), 1142: (_HALT, "permission"), 1143: (_HALT, "permission"),
    1227: (_HALT, "permission"), 1290: (_HALT, "read_only"), 1792: (_HALT, "read_only"), 1049: (_HALT, "no_database"),
    1146: (_HALT, "schema_changed"), 1054: (_HALT, "schema_changed"),
}  # fmt: skip
"""MySQL's and MariaDB's error number -> what it is."""
_INCORRECT: Final = 1366
"""The number both for a value of another type and for text with a character that the column's set lacks."""
_NAMES: Final[Mapping[str, tuple[_Kind, str]]] = {
    "SQLITE_CONSTRAINT_NOTNULL": (_RECORD, "required"), "SQLITE_CONSTRAINT_UNIQUE": (_RECORD, "unique"),
    "SQLITE_CONSTRAINT_PRIMARYKEY": (_RECORD, "unique"), "SQLITE_CONSTRAINT_ROWID": (_RECORD, "unique"),
    "SQLITE_CONSTRAINT_CHECK": (_RECORD, "check"), "SQLITE_CONSTRAINT_FOREIGNKEY": (_RECORD, "foreign_key"),
    "SQLITE_CONSTRAINT_TRIGGER": (_RECORD, "trigger"), "SQLITE_CONSTRAINT_DATATYPE": (_RECORD, "wrong_type"),
    "SQLITE_CONSTRAINT": (_RECORD, "constraint"), "SQLITE_TOOBIG": (_RECORD, "too_long"),
    "SQLITE_MISMATCH": (_RECORD, "wrong_type"), "SQLITE_BUSY": (_BUSY, "locked"), "SQLITE_LOCKED": (_BUSY, "locked"),
    "SQLITE_BUSY_SNAPSHOT": (_BUSY, "conflict"), "SQLITE_INTERRUPT": (_BUSY, "timeout"),
    "SQLITE_IOERR": (_LOST, "disk_error"), "SQLITE_FULL": (_HALT, "disk_full"), "SQLITE_READONLY": (_HALT, "read_only"),
    "SQLITE_CANTOPEN": (_HALT, "no_database"), "SQLITE_NOTADB": (_HALT, "no_database"),
    "SQLITE_CORRUPT": (_HALT, "damaged"), "SQLITE_PERM": (_HALT, "permission"), "SQLITE_AUTH": (_HALT, "permission"),
}  # fmt: skip
"""SQLite's extended result name -> what it is."""
_MYSQL_COLUMN: Final = re.compile(
    r"(?:for column|^Column|^Field|FOREIGN KEY) \(?(?:`[^`]+`\.`[^`]+`\.)?['`](?P<name>[^'`\n]{1,64})['`]"
    r"(?: at row \d+$| cannot be null$| doesn't have a default value$|\) REFERENCES )"
)
"""Names a column. Only text that stands after any value is believed."""
_MYSQL_CONSTRAINT: Final = re.compile(
    r"(?:for key '|CONSTRAINT `|^Check constraint ')(?P<name>[^'`\n]{1,130})(?:'$|` F|` f|' is violated)"
)
_REMEDIES: Final[Mapping[str, str]] = {
    "credentials": "check the user in database_url and the password",
    "permission": "have the database's owner grant what baton check lists",
    "no_database": "check database_url",
    "schema_changed": "a table or column is no longer as it was; look at the mapping and start again",
    "read_only": "use the primary server, not a read-only copy",
    "disk_full": "have room made on the database's disk",
    "certificate": "set ca_file to the authority that signed the server's certificate",
    "foreign_key": "bring the record it refers to first, or correct the reference",
    "encoding": "take the character out by a rule, or have the column hold all of Unicode",
    "too_long": "shorten the value or widen the column",
    "required": "give the column a value",
    "unique": "another record has the same value",
}


def translated(error: BaseException, phase: Phase) -> ConnectorError:
    """The connector error for what a library raised. The one place where foreign errors are read."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    match cause:
        case psycopg.Error():
            trouble = _postgresql(cause)
        case pymysql.MySQLError():
            trouble = _mysql(cause)
        case sqlite3.Error():
            trouble = _sqlite(cause)
        case _:
            trouble = _Trouble(_HALT, type(cause).__name__)
    code, remedy = trouble.code, _REMEDIES.get(trouble.code, "")
    if trouble.kind is _RECORD:
        return RejectedError(_refusal(trouble), code=code, remedy=remedy)
    message = f"{trouble.kind.value} ({code})"
    if phase is Phase.COMMIT and trouble.kind is not _BUSY:
        return InDoubtError(f"{message} while a transaction was being committed", code=code)
    if trouble.kind is _HALT:
        return HaltError(message, code=code, remedy=remedy)
    return RetryableError(message, code=code, remedy=remedy)


@contextmanager
def translating(phase: Phase = Phase.WORK) -> Iterator[None]:
    """Let nothing foreign out of the block."""
    try:
        yield
    except FOREIGN as error:
        raise translated(error, phase) from None  # the cause quotes values


def refusal(error: RejectedError) -> Receipt:
    """The receipt of a record that was refused."""
    return Receipt.refused(error.code, error.message, remedy=error.remedy)


def _refusal(trouble: _Trouble) -> str:
    column = f" in the column {trouble.column}" if trouble.column else ""
    constraint = f" (constraint {trouble.constraint})" if trouble.constraint else ""
    return f"{_RECORD.value}: {trouble.code}{column}{constraint}"


def _postgresql(error: psycopg.Error) -> _Trouble:
    state, diag = error.sqlstate, error.diag
    if state is None:
        return _Trouble(*_without_state(error))
    known = (_STATES[state[:length]] for length in (5, 3, 2) if state[:length] in _STATES)
    kind, code = next(known, (_HALT, f"sqlstate_{state}"))
    column = diag.column_name or ""
    if not column and kind is _RECORD:
        # COPY names the column in the context only, before the value: "COPY t, line 3, column c: ..."
        found = re.match(r"COPY .{1,200}?, line \d+, column ([^:\n]{1,128})", diag.context or "")
        column = found.group(1) if found else ""
    return _Trouble(kind, code, column, diag.constraint_name or "")


def _without_state(error: psycopg.Error) -> tuple[_Kind, str]:
    """An error from before the session stands, or after it has ended: libpq gives a text only."""
    text = str(error).lower()
    if "certificate" in text or "ssl" in text:
        return (_LOST, "connection_lost") if "closed unexpectedly" in text else (_HALT, "certificate")
    if not isinstance(error, psycopg.OperationalError):
        return _UNKNOWN
    asked = error.pgconn is not None and (error.pgconn.used_password or error.pgconn.needs_password)
    if "does not exist" in text and "database" in text:
        return _HALT, "no_database"
    if (asked and "fatal" in text and "too many" not in text) or "pg_hba.conf" in text or "no password" in text:
        return _HALT, "credentials"
    return _LOST, "unreachable" if "connection failed" in text or "timeout" in text else "connection_lost"


def _mysql(error: pymysql.MySQLError) -> _Trouble:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else -1
    text = str(error.args[1]) if len(error.args) > 1 else ""
    if number == 2003 and "certificate" in text.lower():
        return _Trouble(_HALT, "certificate")
    kind, code = _ERRNOS.get(number, (_HALT, f"error_{number}"))
    if kind is not _RECORD:
        return _Trouble(kind, code)
    if number == _INCORRECT and text.startswith("Incorrect string value"):
        code = "encoding"
    column, constraint = _MYSQL_COLUMN.search(text), _MYSQL_CONSTRAINT.search(text)
    names = [found.group("name") if found else "" for found in (column, constraint)]
    return _Trouble(kind, code, *names)


def _sqlite(error: sqlite3.Error) -> _Trouble:
    name = getattr(error, "sqlite_errorname", "") or ""
    base = "_".join(name.split("_")[:2])
    kind, code = _NAMES.get(name) or _NAMES.get(base) or (_HALT, name.lower() or type(error).__name__)
    if name == "SQLITE_ERROR" and re.match(r"(no such (table|column)|table .* has no column)", str(error)):
        return _Trouble(_HALT, "schema_changed")
    if kind is not _RECORD:
        return _Trouble(kind, code)
    place = str(error).partition(" constraint failed: ")[2]
    if code in ("required", "unique"):
        return _Trouble(kind, code, ", ".join(part.rpartition(".")[2] for part in place.split(", ")))
    return _Trouble(kind, code, constraint=place if code == "check" else "")
