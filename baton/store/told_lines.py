"""What the lines of a source said when they were read last, sealed: who stands in a line that stands there again.

One row a source, true as long as nothing else is recorded of anybody: whatever writes people drops it, and a planning
that has recorded what it read writes it anew, in the same transaction.
"""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from baton.model.told_lines import LineMarker, LinesBefore
from baton.store.personal import Keyring
from baton.store.tables import told_lines

if TYPE_CHECKING:
    import polars as pl

_PROBE: Final = ("", "0", "测试", "a longer line, which is hashed in another way than the short ones are")
_HEAD_BYTES: Final = 8


def no_lines() -> pl.DataFrame:
    """No lines, in the form that lines are kept in: marks, who stands there, and whether the mapping is for them."""
    import polars as pl  # half a second that most commands can do without

    marks = {"first": pl.UInt64(), "second": pl.UInt64()}
    texts = dict.fromkeys(("number", "manager_number", "status"), pl.String())
    return pl.DataFrame(schema={**marks, **texts, "in_scope": pl.Boolean()})


@dataclass(frozen=True, slots=True)
class ToldLines:
    """The lines of a source that were read without a fault, and what the store knows is all they say."""

    version: int
    """Of the row they came from; 0 for none."""
    program: str
    """Which mapping and which code has read them."""
    context: str
    """See `LinesBefore`."""
    read_at: datetime
    """When all lines were read last, the unchanged ones too."""
    marker: LineMarker
    lines: pl.DataFrame

    @classmethod
    def nothing(cls, program: str, now: datetime) -> ToldLines:
        """Before anything was read: new seeds, no lines."""
        marker = LineMarker(secrets.randbits(64), secrets.randbits(64))
        return cls(0, program, "", now, marker, no_lines())

    @property
    def before(self) -> LinesBefore:
        """As a source takes it."""
        return LinesBefore(self.marker, self.context, self.lines.select("first", "second"))

    def learning(self, context: str, learnt: pl.DataFrame) -> ToldLines:
        """With the lines that were just read in the place of what the same people's lines said before."""
        import polars as pl  # half a second that most commands can do without

        if context != self.context:
            return replace(self, context=context, lines=learnt)
        kept = self.lines.filter(~pl.col("number").is_in(learnt.get_column("number").implode()))
        return replace(self, lines=pl.concat([kept, learnt], rechunk=True))


class ToldLineStore:
    """Keeps `ToldLines`, inside the caller's transaction."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    def read(self, connection: sa.Connection, source: str) -> ToldLines | None:
        """What was kept of a source; None where nothing was, or where lines are now hashed in another way."""
        row = connection.execute(sa.select(told_lines).where(told_lines.c.source == source)).first()
        if row is None:
            return None
        return _unpack(row.version, self.keyring.open(row.sealed, **_place(source, row.version)))

    def version(self, connection: sa.Connection, source: str) -> int:
        """The version of the row as it is now; 0 for none."""
        query = sa.select(told_lines.c.version).where(told_lines.c.source == source)
        return connection.execute(query).scalar() or 0

    def save(self, connection: sa.Connection, source: str, told: ToldLines) -> None:
        """Keep this, under a version that was never there before."""
        version = secrets.randbelow(1 << 62) + 1
        sealed = self.keyring.seal(_pack(told), **_place(source, version))
        connection.execute(sa.delete(told_lines).where(told_lines.c.source == source))
        connection.execute(sa.insert(told_lines).values(source=source, version=version, sealed=sealed))


def drop_told_lines(connection: sa.Connection) -> None:
    """Have every source read in full again: something was recorded of people that their lines do not say."""
    connection.execute(sa.delete(told_lines))


def _place(source: str, version: int) -> dict[str, Any]:
    return {"table": "told_lines", "row": source, "column": "sealed", "version": version}


def _pack(told: ToldLines) -> bytes:
    head = orjson.dumps(
        {
            "program": told.program,
            "context": told.context,
            "read_at": told.read_at.isoformat(),
            "seeds": [told.marker.first, told.marker.second],
            "probe": _probed(told.marker),
        }
    )
    file = io.BytesIO()
    told.lines.write_ipc(file, compression="lz4")
    return len(head).to_bytes(_HEAD_BYTES, "big") + head + file.getvalue()


def _unpack(version: int, data: bytes) -> ToldLines | None:
    import polars as pl  # half a second that most commands can do without

    end = _HEAD_BYTES + int.from_bytes(data[:_HEAD_BYTES], "big")
    head = orjson.loads(data[_HEAD_BYTES:end])
    marker = LineMarker(*head["seeds"])
    if _probed(marker) != head["probe"]:
        return None
    lines = pl.read_ipc(data[end:])
    read_at = datetime.fromisoformat(head["read_at"])
    return ToldLines(version, head["program"], head["context"], read_at, marker, lines)


def _probed(marker: LineMarker) -> list[list[int]]:
    """Whether this machine and this version of polars hash as those did that made the marks."""
    import polars as pl  # half a second that most commands can do without

    return [column.to_list() for column in marker.of(pl.Series(_PROBE)).iter_columns()]
