"""The old system's file, and what people do to files: correct a quarantine, change a cell afterwards."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from baton.sandbox.demo.clients import COLUMNS, Client, Condition

_ENCODING: Final = "gb18030"
_NUMBER: Final = COLUMNS[0]
_STREET: Final = "地址"


def export_clients(clients: Iterable[Client]) -> bytes:
    """The file: what its makers call GBK, with characters that only GB18030 has, unquoted commas, and a footer."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for client in clients:
        count += 1
        if client.condition is Condition.COMMA:  # as a program writes it that has never heard of quotes
            text.write(",".join((client.row() | {_STREET: f"{client.street},2楼"}).values()) + "\r\n")
        else:
            writer.writerows(client.exported())
    text.write(f"合计,{count}户{',' * (len(COLUMNS) - 2)}\r\n")
    return text.getvalue().encode(_ENCODING)


def publish_clients(clients: Iterable[Client], path: Path) -> None:
    """Put the file where the hub finds it."""
    path.write_bytes(export_clients(clients))


def row_of(client: Client, path: Path) -> int:
    """The number of a client's first row in the file; the header is row 1."""
    lines = path.read_bytes().decode(_ENCODING).splitlines()
    numbers = [line.split(",")[0].zfill(4) for line in lines]
    return numbers.index(f"{client.serial:04}") + 1


def change_street(client: Client, path: Path) -> str:
    """Somebody edits one cell of the file after it was read; gives the column."""
    text = path.read_bytes().decode(_ENCODING)
    path.write_bytes(text.replace(f",{client.street},", f",{client.street}乙,", 1).encode(_ENCODING))
    return _STREET


def correct(path: Path, clients: Mapping[int, Client]) -> list[Client]:
    """Put right what stands in a quarantine file, as someone would who knows the clients; gives those in it.

    Of two rows with one number the first stays. What is no client, such as a footer, is taken out.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row for row in reader if row[_NUMBER].isdecimal()]
        columns = list(reader.fieldnames or ())
    found = {clients[int(row[_NUMBER])]: row for row in reversed(rows)}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(row | client.row() for client, row in found.items())
    return list(found)
