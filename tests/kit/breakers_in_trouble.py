"""Connectors that take one trouble on the way to the other side the wrong way."""

import logging

from baton.errors import BatonError, HaltError, InDoubtError, RetryableError
from baton.sdk import (
    Intent,
    Receipt,
)
from tests.kit.breakers import breaks


@breaks(
    "a_lost_reply_is_in_doubt_never_done",
    "a_server_error_after_a_write_is_in_doubt",
    "a_garbled_answer_to_a_write_is_in_doubt",
    "an_answer_after_the_deadline_is_in_doubt",
)
def takes_silence_for_success(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except InDoubtError:
                return [Receipt.done() for _ in operations]

    return Broken, simulator


@breaks("a_lost_reply_is_in_doubt_never_done", "a_garbled_answer_to_a_write_is_in_doubt")
def repeats_blindly(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except InDoubtError as error:
                raise RetryableError("try again") from error

    return Broken, simulator


@breaks("nothing_happened_is_retryable", "a_429_is_retryable_and_keeps_retry_after")
def doubts_everything(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise InDoubtError("who knows") from error

    return Broken, simulator


@breaks("a_429_is_retryable_and_keeps_retry_after")
def forgets_retry_after(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise RetryableError("later") from error

    return Broken, simulator


@breaks("an_expired_token_is_renewed_once")
def never_renews(toy, simulator):
    class Broken(toy):
        def _valid_token(self, expired):
            return super()._valid_token(None)

    return Broken, simulator


@breaks("a_wrong_credential_halts")
def takes_401_for_a_passing_trouble(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except HaltError as error:
                raise RetryableError("later") from error

    return Broken, simulator


@breaks("a_wrong_credential_halts")
def knocks_again_and_again(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            for _ in range(20):
                try:
                    return super()._write(operations)
                except HaltError:
                    continue
            return super()._write(operations)

    return Broken, simulator


@breaks("reading_is_never_in_doubt")
def takes_trouble_for_absence(toy, simulator):
    class Broken(toy):
        def find(self, refs):
            try:
                return super().find(refs)
            except BatonError:
                return [None for _ in refs]

    return Broken, simulator


@breaks("reading_is_never_in_doubt")
def doubts_a_question(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            try:
                return super()._fetch_token()
            except RetryableError as error:
                raise InDoubtError("who knows") from error

    return Broken, simulator


@breaks("secrets_never_appear_in_errors_or_logs")
def logs_its_secret(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            logging.getLogger("x").debug("with %s", self.settings.client_secret.get_secret_value())
            return super()._fetch_token()

    return Broken, simulator


@breaks("secrets_never_appear_in_errors_or_logs")
def tells_its_secret_in_an_error(toy, simulator):
    class Broken(toy):
        def _fetch_token(self):
            try:
                return super()._fetch_token()
            except HaltError as error:
                raise HaltError(f"refused: {self.settings.client_secret.get_secret_value()}") from error

    return Broken, simulator


@breaks("personal_data_never_appears_in_errors_or_receipts")
def tells_who_it_was(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError as error:
                raise RetryableError(f"not sent: {operations}") from error

    return Broken, simulator


@breaks("check_reports_and_does_not_write")
def checks_nothing(toy, simulator):
    class Broken(toy):
        def check(self):
            return []

    return Broken, simulator


@breaks("what_is_said_of_a_broken_batch_is_true")
def sends_one_by_one_and_tells_only_of_the_last(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            return [super(Broken, self)._write([operation])[0] for operation in operations]

    return Broken, simulator


@breaks("what_is_said_of_a_broken_batch_is_true")
def calls_a_lost_answer_done(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            try:
                return super()._write(operations)
            except RetryableError:
                return [Receipt.done("1") for _ in operations]

    return Broken, simulator


@breaks("a_short_list_of_results_leaves_a_write_in_doubt")
def zips_and_hopes(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            body = self._send("POST", "/v1/users/batch", intent=Intent.WRITE, json={"operations": operations}).json()
            return [Receipt.done(str(result["id"])) for result in (body["results"] * 2)[: len(operations)]]

    return Broken, simulator


@breaks("a_short_list_of_results_leaves_a_write_in_doubt")
def takes_the_missing_one_for_refused(toy, simulator):
    class Broken(toy):
        def _write(self, operations):
            body = self._send("POST", "/v1/users/batch", intent=Intent.WRITE, json={"operations": operations}).json()
            done = [Receipt.done(str(result.get("id"))) for result in body["results"]]
            return done + [Receipt.refused("missing", "not in the answer")] * (len(operations) - len(done))

    return Broken, simulator
