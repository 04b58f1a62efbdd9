"""Connectors that take one trouble on the way to the other side the wrong way, whatever they write."""

import dataclasses
import logging

from baton.errors import ConnectorError, HaltError, InDoubtError, RetryableError
from baton.sdk import AccountRef, Intent, Outcome, Receipt
from tests.kit.breakers_of_handovers import breaks
from tests.kit.estate_hub import EstateHub

IN_DOUBT = (
    "a_transfer_that_may_have_happened_is_in_doubt",
    "a_reassignment_that_may_have_happened_is_in_doubt",
    "a_change_of_rights_that_may_have_happened_is_in_doubt",
    "logging_out_that_may_have_happened_is_in_doubt",
    "a_message_that_may_have_been_sent_is_in_doubt",
)
RETRYABLE = (
    "a_transfer_that_was_not_taken_is_retryable",
    "a_reassignment_that_was_not_taken_is_retryable",
    "a_change_of_rights_that_was_not_taken_is_retryable",
    "logging_out_that_was_not_taken_is_retryable",
    "a_message_that_was_not_taken_is_retryable",
)
TRUE = (
    "what_is_said_of_broken_transfers_is_true",
    "what_is_said_of_broken_reassignments_is_true",
    "what_is_said_of_broken_changes_of_rights_is_true",
    "what_is_said_of_broken_logging_out_is_true",
    "what_is_said_of_broken_messages_is_true",
)
NEVER_LOST = (
    "a_transfer_in_trouble_is_never_lost",
    "a_reassignment_in_trouble_is_never_lost",
    "a_change_of_rights_in_trouble_is_never_lost",
)
HALTS = (
    "a_refused_credential_halts_transfers",
    "a_refused_credential_halts_reassignments",
    "a_refused_credential_halts_changes_of_rights",
    "a_refused_credential_halts_logging_out",
    "a_refused_credential_halts_messages",
)
RENEWED = (
    "a_transfer_after_an_expired_session_is_done",
    "a_reassignment_after_an_expired_session_is_done",
    "a_change_of_rights_after_an_expired_session_is_done",
    "a_message_after_an_expired_session_arrives",
)
PRIVATE = (
    "nothing_private_is_said_of_transfers",
    "nothing_private_is_said_of_reassignments",
    "nothing_private_is_said_of_changes_of_rights",
    "nothing_private_is_said_of_messages",
)
NAMES_PEOPLE = (PRIVATE[0], PRIVATE[1], PRIVATE[3])


@breaks(*IN_DOUBT, *TRUE)
class TakesSilenceForSuccess(EstateHub):
    def write(self, path, name, items, **more):
        try:
            return super().write(path, name, items, **more)
        except (InDoubtError, RetryableError):
            return [Receipt.done() for _ in items]


@breaks(*IN_DOUBT, *TRUE)
class HopesNothingHappened(EstateHub):
    def write(self, path, name, items, **more):
        try:
            return super().write(path, name, items, **more)
        except InDoubtError as error:
            raise RetryableError("again") from error


@breaks(*IN_DOUBT[:2])
class LooksTooSoon(EstateHub):
    """Asks who holds it once the answer is lost, and takes "still the old one" for an answer."""

    def give(self, transfers):
        try:
            return super().give(transfers)
        except InDoubtError:
            now = self.holders([each.ref for each in transfers])
            there = [each.successor.external_id for each in transfers]
            not_there = Receipt.not_performed("not_there", "still with the one who had it")
            return [Receipt.done() if a == b else not_there for a, b in zip(now, there, strict=True)]


@breaks(*TRUE[:2], *NEVER_LOST[:2])
class LeavesItWithSomebodyElseInTrouble(EstateHub):
    """As with a queue that takes what could not be given."""

    def give(self, transfers):
        try:
            return super().give(transfers)
        except (InDoubtError, RetryableError):
            queue = self.ask("/person", {"number": "0003"})["id"]
            now = self.holders([each.ref for each in transfers])
            for each, who in zip(transfers, now, strict=True):
                there = dataclasses.replace(each.holder, external_id=who)
                super().give([dataclasses.replace(each, holder=there, successor=AccountRef("0003", queue))])
            raise


@breaks(*RETRYABLE)
class DoubtsEverything(EstateHub):
    def write(self, path, name, items, **more):
        try:
            return super().write(path, name, items, **more)
        except RetryableError as error:
            raise InDoubtError("who knows") from error


@breaks(*RETRYABLE)
class ForgetsRetryAfter(EstateHub):
    def write(self, path, name, items, **more):
        try:
            return super().write(path, name, items, **more)
        except RetryableError as error:
            raise RetryableError("later") from error


@breaks(*TRUE)
class TellsOnlyOfTheLast(EstateHub):
    """Sends one by one, and raises as if nothing had been sent before."""

    def write(self, path, name, items, **more):
        return [one for item in items for one in super(TellsOnlyOfTheLast, self).write(path, name, [item], **more)]


@breaks(*NEVER_LOST)
class TakesARepeatForAMistake(EstateHub):
    sent = frozenset()

    def write(self, path, name, items, **more):
        key = str(items)
        if key in self.sent:
            return [Receipt.refused("repeat", "this was sent before", remedy="look there") for _ in items]
        self.sent |= {key}
        return super().write(path, name, items, **more)


@breaks(*NEVER_LOST)
class TakesARepeatForDone(EstateHub):
    sent = frozenset()

    def write(self, path, name, items, **more):
        key = str(items)
        if key in self.sent:
            return [Receipt.done() for _ in items]
        self.sent |= {key}
        return super().write(path, name, items, **more)


@breaks(*HALTS)
class TakesARefusalForAPassingTrouble(EstateHub):
    def write(self, path, name, items, **more):
        try:
            return super().write(path, name, items, **more)
        except HaltError as error:
            raise RetryableError("later") from error


@breaks(*HALTS)
class KnocksAgainAndAgain(EstateHub):
    def write(self, path, name, items, **more):
        for _ in range(20):
            try:
                return super().write(path, name, items, **more)
            except HaltError:
                continue
        return super().write(path, name, items, **more)


@breaks(*RENEWED)
class NeverRenews(EstateHub):
    def login(self):
        return self.token or super().login()


@breaks(*PRIVATE)
class LogsItsSecret(EstateHub):
    def send(self, path, body, intent):
        logging.getLogger("x").debug("with %s", self.settings.secret.get_secret_value())
        return super().send(path, body, intent)


@breaks(*PRIVATE)
class TellsItsSecretInAnError(EstateHub):
    def login(self):
        try:
            return super().login()
        except ConnectorError as error:
            raise HaltError(f"refused: {self.settings.secret.get_secret_value()}") from error


@breaks(*NAMES_PEOPLE[:2])
class NamesWhatItGave(EstateHub):
    titles = frozenset()

    def holding(self, row):
        self.titles |= {row["title"]}
        return super().holding(row)

    def give(self, transfers):
        return [dataclasses.replace(one, evidence={"given": str(self.titles)}) for one in super().give(transfers)]


@breaks(NAMES_PEOPLE[2])
class LogsWhatItSends(EstateHub):
    def send(self, path, body, intent):
        if intent is Intent.WRITE:
            logging.getLogger("x").info("sending %s", body)
        return super().send(path, body, intent)


@breaks(NAMES_PEOPLE[2])
class NamesTheAddress(EstateHub):
    def notify(self, messages):
        receipts = super().notify(messages)
        return [
            Receipt.done(to=each.address) if one.outcome is Outcome.DONE else one
            for each, one in zip(messages, receipts, strict=True)
        ]
