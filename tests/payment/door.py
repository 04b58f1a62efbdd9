"""A bank's directories on this disk, behind the real connector's rules of delivery; every step is a point to die at."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Self

from baton.contracts.payments import AnswerFile, PaymentFile
from baton.model.account import Receipt
from connectors.bank.host_to_host.payments import PaymentDoor
from tests.rig.payroll import BankMemory, FakeChannel

IN, OUT = "pay-in", "pay-out"
PLACES = SimpleNamespace(
    payment_drop_directory=IN,
    payment_answer_directory=OUT,
    payment_read_back="digest",
    collected="stays",
    archive_directory="",
    acknowledgement_names="ack_*",
    report_names="report_*",
    statement_names="statement_*",
    server=lambda: None,
    unsealer=lambda: SimpleNamespace(open=lambda _name, data: data),
)
"""What was agreed: the bank leaves our files where they are. Its answers come unsealed: envelopes are tried elsewhere."""


class FolderSession:
    """The steps of the connector's SFTP session, on a folder: nothing is ever overwritten."""

    def __init__(self, root: Path, at: Callable[[str], None]) -> None:
        self.root = root
        self.at = at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.at("logged_out")

    def names(self, directory: str) -> set[str]:
        return {path.name for path in (self.root / directory).iterdir()}

    def oldest_first(self, directory: str) -> list[str]:
        return sorted(self.names(directory), key=lambda name: name.rpartition("_")[2])

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()

    def read(self, path: str) -> bytes | None:
        return (self.root / path).read_bytes() if self.exists(path) else None

    def size(self, path: str) -> int | None:
        return (self.root / path).stat().st_size if self.exists(path) else None

    def sha256(self, path: str) -> str | None:
        data = self.read(path)
        return None if data is None else hashlib.sha256(data).hexdigest()

    def upload_pieces(self, path: str, pieces: Iterable[bytes]) -> str:
        data = b"".join(pieces)
        part = f"{path}.{len(self.names(IN)):08x}.part"
        with (self.root / part).open("xb") as target:
            self.at("uploading")
            target.write(data[: len(data) // 2])
            target.flush()
            self.at("half_uploaded")
            target.write(data[len(data) // 2 :])
        self.at("uploaded")
        return part

    def publish(self, part: str, path: str) -> bool:
        self.at("renaming")
        try:
            (self.root / path).hardlink_to(self.root / part)  # refuses a name that is there, as a plain SFTP rename
        except FileExistsError:
            return False
        (self.root / part).unlink()
        self.at("renamed")
        return True

    def discard_parts(self, directory: str, name: str) -> None:
        for part in self.names(directory):
            if part.startswith(f"{name}.") and part.endswith(".part"):
                (self.root / directory / part).unlink()
                self.at("part_discarded")


class _FolderDoor(PaymentDoor):
    def __init__(self, root: Path, at: Callable[[str], None]) -> None:
        super().__init__(PLACES, None)  # type: ignore[arg-type]
        self.root = root
        self.at = at

    def _session(self) -> FolderSession:  # type: ignore[override]
        self.at("logging_in")
        return FolderSession(self.root, self.at)


class FolderChannel(FakeChannel):
    """A bank to which the real connector's rules bring files."""

    def __init__(self, keys: BankMemory, root: Path, at: Callable[[str], None]) -> None:
        super().__init__(keys)
        self.door = _FolderDoor(root, at)

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return self.door.submit(files)

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        return self.door.trace(files)

    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        return self.door.answers(known)
