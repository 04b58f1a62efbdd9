"""Payment files over HTTPS: put under their name with our key, looked up by name, answered by files in a list."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import quote

from pydantic import Field, SecretStr

from baton.sdk import (
    AnswerFile,
    Client,
    ConnectorError,
    ConnectorSettings,
    EnvelopeSettings,
    Finding,
    HaltError,
    InDoubtError,
    Intent,
    PaymentChannel,
    PaymentFile,
    Promise,
    Rate,
    Receipt,
    RejectedError,
    Response,
    RetryableError,
    Sealing,
    TamperedError,
    one_by_one,
)
from connectors.bank.https_files import wire

_TOLD: Final = 5
"""So many different faults are named in one error."""
_PATIENCE_S: Final = 100.0
"""So long may answers take together that cannot be had after all; the rest is left for the next time."""
_OF_THE_LINE: Final = frozenset({"http_401", "http_429", "unreachable", "tls", "egress"})
"""Codes of errors that the next answer would meet as well."""


class HttpsFilesSettings(EnvelopeSettings):
    """What was agreed with the bank."""

    base_url: str = Field(pattern=r"^https?://[^?#]+[^?#/]$", description="root of the bank's interface")
    token: SecretStr = Field(description="the bearer token that the bank gave us")


class HttpsFiles(PaymentChannel):
    """A bank that takes finished payment files by PUT and never two under one name."""

    title = "Bank, payment files over HTTPS"
    Settings: ClassVar[type[ConnectorSettings]] = HttpsFilesSettings
    rate = Rate(calls=5, per_s=1.0, burst=5)
    promise = Promise.KEY
    settings: HttpsFilesSettings

    def __init__(self, settings: ConnectorSettings, client: Client) -> None:
        if not isinstance(settings, HttpsFilesSettings):
            raise TypeError("HttpsFiles needs HttpsFilesSettings")
        super().__init__(settings, client)
        self.settings = settings

    def sealing(self) -> Sealing:
        """By the profile in the settings."""
        return self.settings.sealing()

    def submit(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """Put each file under its name; the bank itself compares the digest before the file exists there."""
        return one_by_one(files, self._put)

    def trace(self, files: Sequence[PaymentFile]) -> Sequence[Receipt]:
        """What the bank says it has under each name. Raises when one cannot be asked for: that says nothing of it."""
        return [self._traced(file) for file in files]

    def answers(self, known: Collection[str]) -> Iterator[AnswerFile]:
        """New answers that verify, oldest first; then an error if there are any that do not, or cannot be had.

        What cannot be had keeps none behind it from being read, and is asked for again the next time.
        """
        unsealer, wrong, seen = self.settings.unsealer(), [], frozenset(known)
        spoilt: list[ConnectorError] = []
        clock, failing_s = self.client.clock, 0.0
        try:
            for listed in self._listed():
                if isinstance(listed, ConnectorError):
                    spoilt.append(listed)
                    continue
                if listed.name in seen:
                    continue
                begun = clock.monotonic()
                fetched = self._fetched(listed)
                if isinstance(fetched, ConnectorError):
                    spoilt.append(fetched)
                    failing_s += clock.monotonic() - begun
                    if fetched.code in _OF_THE_LINE or failing_s > _PATIENCE_S:
                        spoilt.append(_left_there(listed.name))
                        break
                    continue
                try:
                    content = unsealer.open(listed.name, fetched)
                except TamperedError:
                    wrong.append(listed.name)
                    continue
                yield AnswerFile(listed.name, listed.kind, content)
        except ConnectorError as error:  # of the list: what was found before is told with it
            spoilt.append(error)
        if wrong:
            spoilt.append(_not_answers(wrong))
        if spoilt:
            raise _together(spoilt)

    def _fetched(self, listed: wire.Listed) -> bytes | ConnectorError:
        """The bytes of an answer; why they cannot be had, where that is so."""
        most = self.client.limits.body_bytes
        if listed.size_bytes > most:
            return HaltError(
                f"{listed.name} has {listed.size_bytes} bytes by the bank's list; it was not fetched",
                code="file_too_large",
                remedy=f"ask the bank what it is, and for the same in files of at most {most} bytes",
            )
        try:
            answer = self._ask("GET", f"/answers/{quote(listed.name, safe='')}").raise_for_status()
        except ConnectorError as error:
            return type(error)(f"{listed.name}: {error.message}", code=error.code, remedy=error.remedy)
        if (hashlib.sha256(answer.content).hexdigest(), len(answer.content)) != (listed.sha256, listed.size_bytes):
            return answer.unreadable(f"for {listed.name} is not the file that was listed")
        return answer.content

    def marks(self) -> Mapping[str, str]:
        """The digest of each answer, as it is listed."""
        return {each.name: each.sha256 for each in self._listed() if not isinstance(each, ConnectorError)}

    def check(self) -> Sequence[Finding]:
        """Ask for the list of answers."""
        try:
            listed = list(self._listed())
            spoilt = [each for each in listed if isinstance(each, ConnectorError)]
            if spoilt:
                raise _together(spoilt)
        except ConnectorError as error:
            return [Finding("token and list of answers", ok=False, detail=error.message, remedy=error.remedy)]
        return [Finding("token and list of answers", ok=True, detail=f"{len(listed)} answers")]

    def _put(self, file: PaymentFile) -> Receipt:
        data = _approved(file)
        digest = base64.b64encode(bytes.fromhex(file.sha256)).decode()
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Digest": f"sha-256=:{digest}:",
            "Idempotency-Key": file.key,
            "If-None-Match": "*",
        }
        answer = self._ask("PUT", _place(file), headers=headers, content=data)
        if answer.status == 409 and wire.says(answer, "name_taken"):
            return _other_content(file.name)
        if answer.status == 409:  # a proxy's, or an earlier request of ours that is still being worked on
            raise InDoubtError(f"the bank answered {file.name} with a 409 in other words", code="http_409")
        if answer.status == 422:
            raise HaltError(
                f"the bank has had the key of {file.name} with another file",
                code="key_reused",
                remedy="stop and ask the bank which file it has; nothing was overwritten",
            )
        if answer.status == 400 and wire.says(answer, "digest_mismatch"):
            raise RetryableError(f"{file.name} was damaged on its way to the bank", code="digest_mismatch")
        if not wire.same_file(_understood(answer).json(), file):
            raise InDoubtError(f"the bank's answer to {file.name} tells of another file", code="other_content")
        return Receipt.accepted(file=file.name, sha256=file.sha256)

    def _traced(self, file: PaymentFile) -> Receipt:
        answer = self._ask("GET", _place(file))
        if answer.status == 404 and wire.says(answer, "no_such_file"):
            return Receipt.not_performed("not_delivered", f"{file.name} is not at the bank")
        if wire.same_file(_understood(answer).json(), file):
            return Receipt.accepted(file=file.name, sha256=file.sha256)
        return _other_content(file.name)

    def _listed(self) -> Iterator[wire.Listed | ConnectorError]:
        """The bank's list of answers, page by page; an error where an entry cannot be read."""
        params: dict[str, str] = {}
        seen: set[str] = set()
        while True:
            answer = self._ask("GET", "/answers", params=params)
            listed, cursor = wire.read_list(answer.raise_for_status())
            yield from listed
            if cursor is None:
                return
            if cursor in seen:
                raise answer.unreadable("repeats a cursor")
            seen.add(cursor)
            params = {"after": cursor}

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
    ) -> Response:
        return self.client.request(
            method,
            self.settings.base_url + path,
            intent=Intent.READ if method == "GET" else Intent.WRITE,
            headers={"Authorization": f"Bearer {self.settings.token.get_secret_value()}", **(headers or {})},
            params=params,
            content=content,
        )


def _not_answers(names: Sequence[str]) -> HaltError:
    return HaltError(
        f"nothing was concluded from {', '.join(names[:_TOLD])}{' and others' if len(names) > _TOLD else ''}",
        code="not_an_answer",
        remedy="ask the bank what these are; if it has a new signing key, put it into systems.yaml",
    )


def _left_there(name: str) -> RetryableError:
    return RetryableError(f"the answers behind {name} were left for the next time", code="left_there")


def _together(errors: Sequence[ConnectorError]) -> ConnectorError:
    """The first that a person has to act on, or else the first; it says what else there is, or that would be lost."""
    worst = next((each for each in errors if isinstance(each, HaltError)), errors[0])
    besides = dict.fromkeys(each.message for each in errors if each.message != worst.message)
    if not besides:
        return worst
    more = " and others" if len(besides) > _TOLD else ""
    message = f"{worst.message}; and besides: {'; '.join(list(besides)[:_TOLD])}{more}"
    return type(worst)(message, code=worst.code, remedy=worst.remedy)


def _place(file: PaymentFile) -> str:
    return f"/files/{quote(file.name, safe='')}"


def _understood(answer: Response) -> Response:
    """An answer of success. A refusal in words nobody agreed on says nothing about the file: a person has to look."""
    try:
        return answer.raise_for_status()
    except RejectedError as error:
        raise HaltError(
            error.message, code=error.code, remedy="check base_url, and what the bank means by this, with the bank"
        ) from None


def _approved(file: PaymentFile) -> bytes:
    """The bytes of a file, if they are those that were approved. Raises `HaltError`."""
    try:
        data = file.path.read_bytes()
    except OSError as error:
        data, why = b"", type(error).__name__
    else:
        why = "other bytes"
    if (hashlib.sha256(data).hexdigest(), len(data)) != (file.sha256, file.size_bytes):
        raise HaltError(
            f"{file.name} is not the file that was approved ({why}); nothing was delivered",
            code="file_changed",
            remedy="find out who can write there, then build the run anew",
        )
    return data


def _other_content(name: str) -> Receipt:
    return Receipt.refused(
        "other_content",
        f"another file is at the bank under the name {name}",
        remedy="stop and ask the bank who put it there; nothing was overwritten",
        file=name,
    )
