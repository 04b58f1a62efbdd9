"""What a file is, told by its first bytes and not by its name."""

from __future__ import annotations

from enum import Enum
from typing import Final

from baton.tables.faults import FileError

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")


class Kind(Enum):
    """The kinds of files that tables are read from."""

    TEXT = "text"
    WORKBOOK = "xlsx"


def kind_of(data: bytes) -> Kind:
    """The kind of a file, from its content (or the top of it). Raises `FileError` for what only pretends to be one."""
    if data.startswith(_ZIP):
        return Kind.WORKBOOK
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise FileError("encrypted", "the workbook is encrypted", "have it saved without a password")
        raise FileError("old_xls", "the file is an old .xls workbook", "have it saved as .xlsx or CSV")
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head")):
        raise FileError(
            "not_a_table", "the file is a web page or XML under another name", "have it saved as .xlsx or CSV"
        )
    if start.startswith((b"%pdf", b"{\\rtf", b"\x1f\x8b", b"pk\x05\x06")):
        raise FileError("not_a_table", "the file is no table", "have it saved as .xlsx or CSV")
    return Kind.TEXT
