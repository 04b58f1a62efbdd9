"""The bank's door for files over HTTPS, written from README.md. Its envelopes are CMS, made and opened by ``openssl``.

It knows nothing of what is in a file: whoever plays the bank behind it opens files and leaves answers.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import httpx


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One file that was stored."""

    name: str
    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class _Answer:
    name: str
    kind: str
    data: bytes


class Simulator:
    """A bank that keeps what was put, once under each name and once under each key."""

    prefixes: ClassVar[tuple[str, ...]] = ("/payment-files/",)
    page_size = 100

    def __init__(self, base_url: str = "http://127.0.0.1:1") -> None:
        self.base_url = base_url
        self.journal: list[JournalEntry] = []
        self.delivered_files: dict[str, bytes] = {}
        self._keys: dict[str, JournalEntry] = {}
        self._answers: list[_Answer] = []
        self._cut = False
        self._lock = threading.RLock()

    @property
    def settings(self) -> Mapping[str, object]:
        return {
            "base_url": f"{self.base_url}/payment-files",
            "sender": "CUSTOMER-0001",
            "recipient": "EXAMPLE-BANK",
            "payment_envelope": "cms",
            "bank_certificate": _pair("bank-reading")[0],
            "bank_signing_certificates": [_pair("bank-signing", "ec")[0]],
            "own_signing_certificate": _pair("hub-signing", "ec")[0],
            "own_reading_certificate": _pair("hub-reading")[0],
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        return {
            "token": "synthetic-token-0001",
            "cms_signing_key": _pair("hub-signing", "ec")[1],
            "cms_reading_key": _pair("hub-reading")[1],
        }

    # --- what whoever plays the bank does

    def opened(self, data: bytes) -> bytes:
        """What is in a payment file. Raises ValueError for one that does not decrypt or verify."""
        with tempfile.TemporaryDirectory() as folder:
            crt, key, sender = (Path(folder) / name for name in ("crt", "key", "sender"))
            crt.write_text(_pair("bank-reading")[0])
            key.write_text(_pair("bank-reading")[1])
            sender.write_text(_pair("hub-signing", "ec")[0])
            words = ["-binary", "-inform", "DER"]
            inside = _openssl("cms", "-decrypt", *words, "-recip", crt, "-inkey", key, data=data)
            return _openssl("cms", "-verify", *words, "-CAfile", sender, data=inside)

    def answer_payments(self, name: str, content: bytes, *, by: str = "bank-signing") -> None:
        """Leave an answer: signed, then encrypted for the customer. What it is, its name begins with."""
        with tempfile.TemporaryDirectory() as folder:
            crt, key, reader = (Path(folder) / part for part in ("crt", "key", "reader"))
            crt.write_text(_pair(by, "ec")[0])
            key.write_text(_pair(by, "ec")[1])
            reader.write_text(_pair("hub-reading")[0])
            words = ["-binary", "-outform", "DER"]
            signed = _openssl(
                "cms", "-sign", *words, "-nodetach", "-md", "sha256", "-signer", crt, "-inkey", key, data=content
            )
            options = ["-aes-256-gcm", "-recip", str(reader)]
            for option in ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"):
                options += ["-keyopt", option]  # of the recipient named before
            self.place_answer(name, _openssl("cms", "-encrypt", *words, *options, data=signed))

    def place_answer(self, name: str, data: bytes) -> None:
        """Put any bytes into the list of answers."""
        kinds = {"ack": "ACKNOWLEDGEMENT", "report": "REPORT", "statement": "STATEMENT"}
        with self._lock:
            self._answers.append(_Answer(name, kinds[name.partition("_")[0]], data))

    def leave_answer(self, n: int) -> tuple[str, bytes]:
        name, content = f"report_{n:06d}.p7m", f"<Document>示例䶮 {n}</Document>".encode()
        self.answer_payments(name, content)
        return name, content

    def leave_forgery(self, n: int) -> str:
        """Encrypted for the customer as anybody can, and signed by a stranger."""
        name = f"report_{n:06d}.p7m"
        self.answer_payments(name, b"<Document>forged</Document>", by="stranger")
        return name

    def plant_file(self, name: str, data: bytes) -> None:
        self.delivered_files[name] = data

    def cut_next_upload(self) -> None:
        """The next upload breaks half-way."""
        self._cut = True

    # --- the interface

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        body = request.read()
        with self._lock:
            if request.headers.get("Authorization") != f"Bearer {self.secrets['token']}":
                return httpx.Response(401, json={"error": "invalid_token"})
            head, _, name = unquote(request.url.path).removeprefix(self.prefixes[0]).partition("/")
            match request.method, head, bool(name):
                case "PUT", "files", True:
                    return self._put(request, name, body)
                case "GET", "files", True:
                    return self._file(name)
                case "GET", "answers", True:
                    return self._answer(name)
                case "GET", "answers", False:
                    return self._list(int(request.url.params.get("after", "0")))
            return httpx.Response(404, json={"error": "no_such_resource"})

    def _put(self, request: httpx.Request, name: str, body: bytes) -> httpx.Response:
        if self._cut:
            self._cut = False
            self._store(request, name, body[: len(body) // 2])
            raise httpx.WriteError("connection reset", request=request)
        return self._store(request, name, body)

    def _store(self, request: httpx.Request, name: str, body: bytes) -> httpx.Response:
        """What has arrived becomes a file only if it is what its sender says it is."""
        key, digest = request.headers.get("Idempotency-Key", ""), hashlib.sha256(body).digest()
        if request.headers.get("Content-Digest") != f"sha-256=:{base64.b64encode(digest).decode()}:" or not key:
            return httpx.Response(400, json={"error": "digest_mismatch"})
        known = self._keys.get(key)
        if known is not None and (known.name, known.sha256) != (name, digest.hex()):
            return httpx.Response(422, json={"error": "key_reused"})
        there = self.delivered_files.get(name)
        if there is not None and there != body:
            return httpx.Response(409, json={"error": "name_taken"})
        status = 200
        if there is None:
            status = 201
            self.delivered_files[name] = body
            self._keys[key] = JournalEntry(name, key, digest.hex())
            self.journal.append(self._keys[key])
        return httpx.Response(status, json=self._told(name))

    def _file(self, name: str) -> httpx.Response:
        if name not in self.delivered_files:
            return httpx.Response(404, json={"error": "no_such_file"})
        return httpx.Response(200, json=self._told(name))

    def _told(self, name: str) -> dict[str, object]:
        data = self.delivered_files[name]
        return {"name": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    def _list(self, after: int) -> httpx.Response:
        page = self._answers[after : after + self.page_size]
        more = after + self.page_size < len(self._answers)
        listed = [
            {
                "name": each.name,
                "kind": each.kind,
                "size_bytes": len(each.data),
                "sha256": hashlib.sha256(each.data).hexdigest(),
            }
            for each in page
        ]
        return httpx.Response(200, json={"answers": listed, "next": str(after + self.page_size) if more else None})

    def _answer(self, name: str) -> httpx.Response:
        found = next((each for each in self._answers if each.name == name), None)
        if found is None:
            return httpx.Response(404, json={"error": "no_such_file"})
        return httpx.Response(200, content=found.data, headers={"Content-Type": "application/octet-stream"})


@functools.cache
def _pair(name: str, kind: str = "rsa") -> tuple[str, str]:
    """A self-signed certificate and its key, made once a process."""
    with tempfile.TemporaryDirectory() as folder:
        crt, key = Path(folder) / "crt", Path(folder) / "key"
        new = ["-newkey", "rsa:2048"] if kind == "rsa" else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        words = ["req", "-x509", "-nodes", *new, "-subj", f"/CN=Synthetic {name}", "-days", "3650"]
        _openssl(*words, "-keyout", key, "-out", crt)
        return crt.read_text(), key.read_text()


def _openssl(*words: str | Path, data: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *map(str, words)], input=data, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"openssl {words[0]} {words[1]} failed")
    return done.stdout
