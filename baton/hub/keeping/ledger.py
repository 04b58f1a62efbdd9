"""The ledger of erasures: outside the database and its backups, so that a restore cannot bring anybody back.

One line of JSON per erasure in ``state/erasures.jsonl``, each signed by the key of the audit log::

    {"decided_by":"…","erased_at":"2026-11-26T08:00:00+00:00","number":"0012","signature":"…"}

It is written before anybody is erased: whatever is interrupted is carried on from here. Copy it to where the
checkpoints of the audit log are copied to.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from baton.audit.public_keys import PublicKeys
from baton.errors import TamperedError
from baton.hub import proof
from baton.hub.core import Hub
from baton.store.staging import told_when_full, write_whole

_DOMAIN: Final = b"baton erasure 1"
_FILE: Final = "erasures.jsonl"
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Forgotten:
    """One erasure: whatever was recorded of this person up to that moment."""

    number: str
    erased_at: datetime
    decided_by: str

    @property
    def _content(self) -> bytes:
        facts = {"number": self.number, "erased_at": self.erased_at.isoformat(), "decided_by": self.decided_by}
        return json.dumps(facts, sort_keys=True).encode()

    def line(self, hub: Hub) -> str:
        """As it stands in the ledger, signed."""
        signature = base64.b64encode(proof.signer(hub).vouch(_DOMAIN, self._content)).decode()
        return json.dumps({**json.loads(self._content), "signature": signature}, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_line(cls, keys: PublicKeys, line: str) -> Forgotten:
        """The inverse of `line`; raises `TamperedError` for what none of these keys has signed."""
        try:
            said = json.loads(line)
            found = cls(said["number"], datetime.fromisoformat(said["erased_at"]), said["decided_by"])
            signature = base64.b64decode(said["signature"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise _damaged() from None
        try:
            keys.require(_DOMAIN, found._content, signature, found.erased_at)
        except TamperedError:
            raise _damaged() from None
        return found


def path(hub: Hub) -> Path:
    """Where the ledger is."""
    return hub.state_dir / _FILE


def note(hub: Hub, forgotten: Forgotten) -> None:
    """Add a line, on the disk when this returns; the file is whole at every moment. `StorageFullError` without room."""
    file = path(hub)
    again = f"baton person erase {forgotten.number} --as WHO --confirm (nobody was erased)"
    with told_when_full(file.parent, "the ledger of erasures", again):
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = "".join(f"{line}\n" for line in _lines(hub))  # a copy put back may have lost its last newline
            write_whole(file, f"{before}{forgotten.line(hub)}\n".encode(), again=again)


def read(hub: Hub) -> Sequence[Forgotten]:
    """Every erasure in the ledger, oldest first; raises `TamperedError` for a line this hub has not signed."""
    lines = _lines(hub)
    if not lines:
        return ()
    keys = proof.public_keys(hub)
    return [Forgotten.from_line(keys, line) for line in lines]


def vouched(hub: Hub, keys: PublicKeys) -> Iterator[Forgotten]:
    """The erasures in the ledger that one of these keys has signed; any other line is passed over."""
    for line in _lines(hub):
        try:
            yield Forgotten.from_line(keys, line)
        except TamperedError:
            continue


def carried_out(hub: Hub) -> set[tuple[str, datetime]]:
    """Who (number) was erased when, by the database that is open here: what `require_whole` looks for."""
    with hub.database.read() as connection:
        known = hub.erasures.all(connection)
    return {(each.number, each.erased_at) for each in known if each.erased_at is not None}


def require_whole(hub: Hub, done: Iterable[tuple[str, datetime]]) -> int:
    """Raise `TamperedError` where one of these erasures (number, moment) has no line: the ledger was lost or cut short.

    Returns how many lines there are. A line that ``done`` does not tell of is one that a restore has still to replay.
    """
    there = read(hub)
    missing = sorted(set(done) - {(each.number, each.erased_at) for each in there})
    if missing:
        numbers = ", ".join(dict.fromkeys(number for number, _ in missing[:_NAMED]))
        raise TamperedError(
            f"{len(missing)} erasures that were carried out are not in the ledger of erasures: {numbers}",
            code="ledger_short",
            remedy="put the copy of state/erasures.jsonl back that is kept elsewhere; without these lines an older "
            "backup brings these people back",
        )
    return len(there)


def _lines(hub: Hub) -> Sequence[str]:
    try:
        return path(hub).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()


def _damaged() -> TamperedError:
    return TamperedError(
        "a line of the ledger of erasures is not one that this hub has signed",
        code="ledger",
        remedy="compare state/erasures.jsonl with the copy kept elsewhere; nothing is synced before it holds",
    )
