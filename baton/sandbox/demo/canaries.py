"""The search for personal data and secrets in Airflow's database and logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from baton.sandbox.demo.company import Person

_LONG_ENOUGH: Final = 8
_DIGITS: Final = re.compile(rb"[0-9]{11,32}")
_ADDRESS: Final = re.compile(rb"[A-Za-z0-9._+-]{1,64}@example\.com")


@dataclass(frozen=True, slots=True)
class Leak:
    """Where something was found that must not be there, and what kind of thing; never the thing itself."""

    file: Path
    kind: str


class Canaries:
    """What must not be found: names, addresses, numbers of people, and secrets."""

    def __init__(self, people: Iterable[Person], secrets: Mapping[str, str]) -> None:
        everybody = list(people)
        self._digits = {
            **{person.mobile.encode(): "mobile number" for person in everybody},
            **{person.identity.encode(): "identity number" for person in everybody},
            **{person.account.encode(): "account number" for person in everybody},
        }
        self._lengths = sorted({len(digits) for digits in self._digits})
        self._addresses = {person.email.encode() for person in everybody}
        self._names = {form: "name" for person in everybody for form in _forms(person.name)}
        # One pattern of a shared beginning is far faster than hundreds of names.
        self._name = re.compile(b"|".join(re.escape(form) for form in sorted(self._names, reverse=True)))
        self._secrets = {form: place for place, secret in secrets.items() for form in _secret_forms(secret)}

    def search(self, files: Iterable[Path]) -> list[Leak]:
        """Every kind of thing found, once per file."""
        return sorted({Leak(file, kind) for file in files for kind in self._kinds(file.read_bytes())}, key=str)

    def _kinds(self, content: bytes) -> Iterator[str]:
        for run in _DIGITS.findall(content):
            for length in self._lengths:
                for start in range(len(run) - length + 1):
                    kind = self._digits.get(run[start : start + length])
                    if kind is not None:
                        yield kind
        if any(address.lower() in self._addresses for address in _ADDRESS.findall(content)):
            yield "e-mail address"
        if self._name.search(content):
            yield "name"
        for form, place in self._secrets.items():
            if form in content:
                yield f"secret {place}"


def _forms(name: str) -> Iterator[bytes]:
    """A name as text files, old encodings and JSON would hold it."""
    yield name.encode("utf-8")
    yield name.encode("gb18030")
    yield name.encode("unicode_escape")


def _secret_forms(secret: str) -> Iterator[bytes]:
    """A secret's telling lines: those of a key that are long enough not to be there by chance."""
    for line in secret.splitlines():
        if len(line) >= _LONG_ENOUGH and not line.startswith("-----"):
            yield line.encode()
