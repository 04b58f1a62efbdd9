"""The bank's back office: fetches roster files from the server's disk, keeps the roster, answers with sealed files.

Written from README.md (the generic profile) and docs/file-format.md, with its own code for both.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from connectors.bank.host_to_host.bankside import NotReadableError, NotTrustedError, pack, unpack

_COLUMNS = [
    "reference",
    "action",
    "payee_number",
    "version",
    "changed",
    "holder_name",
    "account_number",
    "bank_code",
    "bank_name",
    "identity_number",
    "currency",
]
_ACTIONS = {"ADD": "provision", "CHANGE": "update", "SUSPEND": "disable", "REACTIVATE": "enable"}
_FAMILY_NAMES = "赵钱孙李周吴郑王䶮陈"


class Server(Protocol):
    """The SFTP server whose disk the bank works on."""

    @property
    def root(self) -> Path: ...
    @property
    def url(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def host_key(self) -> str: ...
    @property
    def client_key(self) -> str: ...


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One roster line the bank has applied."""

    action: str
    number: str | None
    external_id: str
    at_call: int
    fields: Mapping[str, object]


@dataclass(slots=True)
class _Payee:
    status: str = "ACTIVE"
    version: int = 0
    values: dict[str, str] = field(default_factory=dict)


class Simulator:
    """A bank. Nothing happens by itself: `process` is one round of its back office, `watching` rounds in a thread."""

    prefixes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, server: Server, *, collected: str = "stays", folder: str = ".") -> None:
        """``folder``, below the server's root, is this bank's own: several can share one server."""
        self.server = server
        self.collected = collected
        self._folder = folder
        self.drop, self.out, self.archive = (server.root / folder / name for name in ("in", "out", "archive"))
        self.pay_in, self.pay_out = (server.root / folder / name for name in ("pay-in", "pay-out"))
        for place in (self.drop, self.out, self.archive, self.pay_in, self.pay_out):
            place.mkdir(parents=True, exist_ok=True)
        self.journal: list[JournalEntry] = []
        self.roster: dict[str, _Payee] = {}
        self.refuse: dict[str, str] = {}
        """Account number -> reason word: what this bank finds wrong with an account."""
        self.answering = True
        """False: files are worked on, but no acknowledgement is written (yet)."""
        self._lock = threading.RLock()
        self._applied: dict[str, tuple[str, str, str]] = {}
        self._done: set[str] = set()
        self._unanswered: list[tuple[str, bytes]] = []
        self._calls = self._statements = 0
        self._bank_reading, self._bank_signing = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self._hub_reading, self._hub_signing = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self.write_statement()

    @property
    def settings(self) -> Mapping[str, object]:
        """The connector's settings, secrets apart."""
        archived = {"archive_directory": f"{self._folder}/archive"} if self.collected == "archived" else {}
        return {
            "server_url": self.server.url,
            "username": self.server.username,
            "host_keys": [self.server.host_key],
            "system_id": "bank",
            "drop_directory": f"{self._folder}/in",
            "answer_directory": f"{self._folder}/out",
            "payment_drop_directory": f"{self._folder}/pay-in",
            "payment_answer_directory": f"{self._folder}/pay-out",
            "sender": "CUSTOMER-0001",
            "recipient": "EXAMPLE-BANK",
            "bank_reading_kid": "bank-read-1",
            "bank_reading_key": _public(self._bank_reading),
            "bank_signing_keys": {"bank-sign-1": _public(self._bank_signing)},
            "signing_kid": "hub-sign-1",
            "reading_kid": "hub-read-1",
            "collected": self.collected,
            **archived,
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        """The connector's secret settings."""
        return {
            "client_key": self.server.client_key,
            "signing_key": _private(self._hub_signing),
            "reading_key": _private(self._hub_reading),
        }

    def sample(self, n: int) -> Mapping[str, str]:
        """Legal provision fields of the n-th synthetic person."""
        account = f"6200{n:012d}"
        return {
            "holder_name": f"{_FAMILY_NAMES[n % len(_FAMILY_NAMES)]}测试{n}",
            "account_number": account,
            "account_tail": account[-4:],
            "bank_code": "102100099996",
            "bank_name": "示例银行",
            "identity_number": f"99000019900101{n % 10000:04d}",
            "currency": "CNY",
        }

    def changed(self, n: int) -> Mapping[str, str]:
        """A legal update for that person."""
        account = f"6201{n:012d}"
        return {"bank_name": "示例银行第二支行", "account_number": account, "account_tail": account[-4:]}

    def seed(self, people: Iterable[Mapping[str, object]]) -> None:
        """Plant payees. Keys: payee_number, status (ACTIVE or SUSPENDED), version, and the CSV's value columns."""
        with self._lock:
            for person in people:
                values = {name: str(person[name]) for name in _COLUMNS[5:] if person.get(name)}
                version = int(str(person.get("version", 0)))
                self.roster[str(person["payee_number"])] = _Payee(str(person.get("status", "ACTIVE")), version, values)
            self.write_statement()

    # --- one round of the back office

    def process(self) -> int:
        """Work on every new file, answer it, write a new statement; the number of files worked on."""
        with self._lock:
            if self.answering:
                for name, answer in self._unanswered:
                    self._publish(name, answer)
                self._unanswered.clear()
            found = [path for path in self.drop.glob("*.hpf") if path.name not in self._done]
            new = sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))
            for path in new:
                self._calls += 1
                answer = self._answer(path.name, path.read_bytes())
                if self.answering:
                    self._publish(f"ack_{path.name}", answer)
                else:
                    self._unanswered.append((f"ack_{path.name}", answer))
                self._done.add(path.name)
                if self.collected == "archived":
                    path.rename(self.archive / path.name)
                elif self.collected == "vanishes":
                    path.unlink()
            if new:
                self.write_statement()
            return len(new)

    def settle(self) -> None:
        """Let everything delivered be decided and answered."""
        self.process()

    @contextlib.contextmanager
    def watching(self, every_s: float = 0.1) -> Iterator[None]:
        """Rounds in a thread for as long as the block lasts."""
        over = threading.Event()

        def rounds() -> None:
            while not over.wait(every_s):
                self.process()

        thread = threading.Thread(target=rounds, name="bank-back-office", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(10)

    def _answer(self, name: str, data: bytes) -> bytes:
        try:
            header, plain = unpack(data, self._bank_reading, {"hub-sign-1": self._hub_signing.public_key()})
            if (header["name"], header["sender"], header["recipient"]) != (name, "CUSTOMER-0001", "EXAMPLE-BANK"):
                raise NotTrustedError
            rows = list(csv.DictReader(io.StringIO(plain.decode("utf-8"), newline=""), strict=True))
            if not rows or list(rows[0]) != _COLUMNS or header["facts"]["lines"] != str(len(rows)):
                return self.acknowledgement(name, header["plaintext_sha256"], [], file_reason="FORMAT")
        except NotTrustedError:
            return self.acknowledgement(name, "", [], file_reason="SIGNATURE")
        except NotReadableError:
            return self.acknowledgement(name, "", [], file_reason="NOT_READABLE")
        lines = [(row["reference"], *self._apply(row)) for row in rows]
        return self.acknowledgement(name, header["plaintext_sha256"], lines)

    def _apply(self, row: Mapping[str, str]) -> tuple[str, str, str]:
        """Status, reason, payee number. A reference seen before is answered as before and not applied again."""
        known = self._applied.get(row["reference"])
        if known is not None:
            return ("DUPLICATE", "", known[2]) if known[0] == "APPLIED" else known
        number, payee = row["payee_number"], self.roster.get(row["payee_number"])
        reason = self._reason(row, payee)
        if reason:
            result = ("REFUSED", reason, number)
        else:
            payee = self.roster.setdefault(number, _Payee())
            changed = row["changed"].split()
            for name in changed:
                payee.values[name] = row[name]
            payee.version = int(row["version"])
            payee.status = "SUSPENDED" if row["action"] == "SUSPEND" else payee.status
            payee.status = "ACTIVE" if row["action"] in ("ADD", "REACTIVATE") else payee.status
            fields = {name: row[name] or None for name in changed}
            self.journal.append(JournalEntry(_ACTIONS[row["action"]], number, number, self._calls, fields))
            result = ("APPLIED", "", number)
        self._applied[row["reference"]] = result
        return result

    def _reason(self, row: Mapping[str, str], payee: _Payee | None) -> str:
        if row["action"] not in _ACTIONS or set(row["changed"].split()) - set(_COLUMNS[5:]):
            return "FORMAT"
        if payee is None and row["action"] != "ADD":
            return "PAYEE_UNKNOWN"
        if payee is not None and int(row["version"]) < payee.version:
            return "STALE_VERSION"
        if "currency" in row["changed"].split() and row["currency"] != "CNY":
            return "CURRENCY_NOT_OPEN"
        return self.refuse.get(row["account_number"], "")

    # --- payment files

    @property
    def delivered_files(self) -> dict[str, bytes]:
        """Every payment file the bank would work on, by name."""
        found = [*self.pay_in.iterdir(), *(self.archive.iterdir() if self.collected == "archived" else ())]
        whole = sorted((path for path in found if path.suffix != ".part"), key=lambda path: path.stat().st_mtime_ns)
        return {path.name: path.read_bytes() for path in whole}

    def plant_file(self, name: str, data: bytes) -> None:
        """Somebody else's file under that name."""
        (self.pay_in / name).write_bytes(data)

    def opened(self, data: bytes) -> bytes:
        """What is in a payment file (in our own container) for this bank."""
        return unpack(data, self._bank_reading, {"hub-sign-1": self._hub_signing.public_key()})[1]

    def answer_payments(self, name: str, content: bytes) -> None:
        """Leave an answer about payments, sealed."""
        part = self.pay_out / f"{name}.part"
        part.write_bytes(self.sealed(name, "baton/payment-answer", content, {}))
        part.replace(self.pay_out / name)

    def leave_answer(self, n: int) -> tuple[str, bytes]:
        name, content = f"report_{n:06d}.hpf", f"<Document>示例䶮 {n}</Document>".encode()
        self.answer_payments(name, content)
        return name, content

    def leave_forgery(self, n: int) -> str:
        """A genuine answer under another name than it was sealed for."""
        name, _ = self.leave_answer(n)
        path = self.pay_out / name
        return path.rename(self.pay_out / f"report_{n:06d}x.hpf").name

    # --- what the bank writes

    def acknowledgement(
        self, name: str, digest: str, lines: list[tuple[str, str, str, str]], *, file_reason: str = ""
    ) -> bytes:
        """A sealed acknowledgement of a file: (reference, status, reason, payee number) per line."""
        references = "".join(f"{reference}\n" for reference in sorted(line[0] for line in lines))
        facts = {
            "answers": name,
            "answered_sha256": digest,
            "file_status": "REFUSED" if file_reason else "ACCEPTED",
            "file_reason": file_reason,
            "lines": str(len(lines)),
            "references": hashlib.sha256(references.encode()).hexdigest(),
        }
        table = [("reference", "status", "reason", "payee_number"), *lines]
        kind = "baton/payee-roster-acknowledgement; profile=generic-1"
        return self.sealed(f"ack_{name}", kind, _csv(table), facts)

    def write_statement(self) -> None:
        """The whole roster as it now is, accounts masked, under a name that sorts after all earlier ones."""
        columns = ("holder_name", "account_tail", "bank_code", "bank_name", "currency")
        table: list[tuple[str, ...]] = [("payee_number", "status", "version", *columns)]
        for number, payee in sorted(self.roster.items()):
            shown = {**payee.values, "account_tail": payee.values.get("account_number", "")[-4:]}
            values = [shown.get(name, "") for name in columns]
            table.append((number, payee.status, str(payee.version), *values))
        self._statements += 1
        name = f"roster_statement_{datetime.now(UTC):%Y%m%dT%H%M%SZ}_{self._statements:06d}.hpf"
        kind = "baton/payee-roster-statement; profile=generic-1"
        self._publish(name, self.sealed(name, kind, _csv(table), {"lines": str(len(table) - 1)}))

    def sealed(self, name: str, kind: str, plain: bytes, facts: Mapping[str, str]) -> bytes:
        """Any file from the bank to the customer."""
        immutable = {
            "content_type": kind,
            "name": name,
            "sender": "EXAMPLE-BANK",
            "recipient": "CUSTOMER-0001",
            "created": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "facts": dict(facts),
        }
        reader, signer = ("hub-read-1", self._hub_reading.public_key()), ("bank-sign-1", self._bank_signing)
        return pack(plain, immutable, reader=reader, signer=signer)

    def _publish(self, name: str, data: bytes) -> None:
        part = self.out / f"{name}.part"
        part.write_bytes(data)
        part.replace(self.out / name)  # a newer answer to the same file replaces an older one


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8")


def _public(key: X25519PrivateKey | Ed25519PrivateKey) -> str:
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def _private(key: X25519PrivateKey | Ed25519PrivateKey) -> str:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
