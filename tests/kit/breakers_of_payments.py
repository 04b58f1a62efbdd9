"""Payment channels broken in just one way each, or banks that hide it, to show that the law of that name bites."""

import dataclasses
import hashlib
from contextlib import suppress

import httpx

from baton.sdk import (
    AnswerFile,
    BatonError,
    ConnectorError,
    HaltError,
    InDoubtError,
    Outcome,
    Receipt,
    RetryableError,
    one_by_one,
)
from connectors.bank.https_files.connector import HttpsFiles
from connectors.bank.https_files.simulator import Simulator

BREAKERS = {}


def breaks(*titles, bank=Simulator):
    def keep(broken):
        for title in titles:
            BREAKERS.setdefault(title, []).append((broken, bank))
        return broken

    return keep


class Trusting(Simulator):
    """A bank that stores whatever arrives, over whatever is there."""

    def _store(self, request, name, body):
        self.journal.append(name)
        self.delivered_files[name] = body
        return httpx.Response(201, json=self._told(name))


breaks("half_an_upload_is_no_payment_file", bank=Trusting)(HttpsFiles)
breaks("another_payment_file_under_the_name_is_refused_and_stays", bank=Trusting)(HttpsFiles)


class Changed(HttpsFiles):
    """Sends another file than it was given."""

    def change(self, file):
        return file

    def submit(self, files):
        return super().submit([self.change(file) for file in files])


@breaks("a_payment_file_is_delivered_as_it_was_approved")
class Recodes(Changed):
    def change(self, file):
        path = file.path.with_suffix(".other")
        path.write_bytes(file.path.read_bytes().replace(b"PRIVATE", b"private"))
        data = path.read_bytes()
        return dataclasses.replace(file, path=path, sha256=hashlib.sha256(data).hexdigest())


@breaks("a_payment_file_submitted_twice_is_there_once", "a_payment_file_in_trouble_is_there_once_in_the_end")
class NewNameEachTime(HttpsFiles):
    count = 0

    def _put(self, file):
        type(self).count += 1
        name, key = f"{self.count}_{file.name}", hashlib.sha256(str(self.count).encode()).hexdigest()
        super()._put(file)
        return super()._put(dataclasses.replace(file, name=name, key=key))


@breaks("another_payment_file_under_the_name_is_refused_and_stays", "one_receipt_per_payment_file_in_order")
class SaysAccepted(HttpsFiles):
    def submit(self, files):
        return [Receipt.accepted() if r.outcome is Outcome.REFUSED else r for r in super().submit(files)]


@breaks("one_receipt_per_payment_file_in_order")
class StopsAtTheFirstRefusal(HttpsFiles):
    def submit(self, files):
        receipts = []
        for file in files:
            receipts += super().submit([file])
            if receipts[-1].outcome is Outcome.REFUSED:
                return receipts + [Receipt.refused("x", "x")] * (len(files) - len(receipts))
        return receipts


@breaks("a_payment_file_that_is_not_as_approved_is_not_delivered")
class SendsWhatIsThere(Changed):
    def change(self, file):
        if not file.path.exists():
            return file
        data = file.path.read_bytes()
        return dataclasses.replace(file, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


class TracesOtherwise(HttpsFiles):
    def other(self, receipt):
        return receipt

    def trace(self, files):
        return [self.other(receipt) for receipt in super().trace(files)]


@breaks("a_payment_file_in_doubt_is_traced")
class NeverSure(TracesOtherwise):
    def other(self, receipt):
        return Receipt.in_doubt("x", "x")


@breaks("a_payment_file_in_doubt_is_traced")
class SendsWhatItTraces(HttpsFiles):
    def trace(self, files):
        found = super().trace(files)
        self.submit(files)
        return found


@breaks("a_trace_never_takes_another_file_for_ours")
class GoesByTheName(TracesOtherwise):
    def other(self, receipt):
        return Receipt.accepted() if receipt.outcome is Outcome.REFUSED else receipt


@breaks("a_trace_never_takes_another_file_for_ours")
class TakesItForAbsent(TracesOtherwise):
    def other(self, receipt):
        return Receipt.not_performed("x", "x") if receipt.outcome is Outcome.REFUSED else receipt


@breaks("a_trace_that_fails_says_of_no_payment_file_that_it_is_not_there")
class TracesAsItWrites(HttpsFiles):
    def trace(self, files):
        return one_by_one(files, self._traced)


@breaks("a_trace_that_fails_says_of_no_payment_file_that_it_is_not_there")
class TakesAFailureForPresence(HttpsFiles):
    def _traced(self, file):
        try:
            return super()._traced(file)
        except RetryableError:
            return Receipt.accepted()


class SubmitsOtherwise(HttpsFiles):
    def otherwise(self, error, file):
        raise error

    def _put(self, file):
        try:
            return super()._put(file)
        except ConnectorError as error:
            return self.otherwise(error, file)


@breaks("a_payment_file_that_may_have_arrived_is_in_doubt", "what_is_said_of_payment_files_in_trouble_is_true")
class TakesSilenceForNo(SubmitsOtherwise):
    def otherwise(self, error, file):
        if isinstance(error, InDoubtError):
            raise RetryableError(error.message, code=error.code)
        raise error


@breaks("a_payment_file_that_may_have_arrived_is_in_doubt")
class TakesSilenceForYes(SubmitsOtherwise):
    def otherwise(self, error, file):
        if isinstance(error, InDoubtError):
            return Receipt.accepted()
        raise error


@breaks("a_payment_file_that_was_not_taken_is_retryable")
class DoubtsEverything(SubmitsOtherwise):
    def otherwise(self, error, file):
        if isinstance(error, RetryableError):
            raise InDoubtError(error.message, code=error.code)
        raise error


@breaks("a_refused_credential_halts_payment_files")
class TriesAgainAndAgain(SubmitsOtherwise):
    def otherwise(self, error, file):
        raise RetryableError(error.message, code=error.code) if isinstance(error, HaltError) else error


@breaks("nothing_of_a_payment_file_is_told")
class TellsTheContent(HttpsFiles):
    def submit(self, files):
        receipts = super().submit(files)
        said = [file.path.read_bytes()[-30:].decode("latin-1") for file in files]
        return [dataclasses.replace(r, evidence={"tail": tail}) for r, tail in zip(receipts, said, strict=True)]


@breaks("what_is_sealed_for_the_bank_is_opened_by_it")
class SealsForItself(HttpsFiles):
    def sealing(self):
        own = {"bank_certificate": self.settings.own_reading_certificate}
        return self.settings.model_copy(update=own).sealing()


@breaks("what_is_sealed_for_the_bank_is_opened_by_it")
class TellsTheWrongDigest(HttpsFiles):
    def sealing(self):
        right = super().sealing()

        class Wrong(type(right.sealer)):
            def __init__(self):
                pass

            def seal(self, plain, out, label):
                return dataclasses.replace(right.sealer.seal(plain, out, label), sha256="0" * 64)

        return dataclasses.replace(right, sealer=Wrong())


class AnswersOtherwise(HttpsFiles):
    def answers(self, known):
        return self.other(super().answers(known))

    def other(self, answers):
        return answers


@breaks("bank_answers_are_given_as_they_were_sealed")
class NewestFirst(AnswersOtherwise):
    def other(self, answers):
        return reversed(list(answers))


@breaks("bank_answers_are_given_as_they_were_sealed")
class Recoded(AnswersOtherwise):
    def other(self, answers):
        for answer in answers:
            content = answer.content.decode().encode("gb18030")
            yield AnswerFile(answer.name, answer.kind, content)


@breaks("bank_answers_that_are_known_are_not_given_again")
class Forgets(HttpsFiles):
    def answers(self, known):
        return super().answers(())


@breaks("bank_answers_that_are_known_are_not_given_again")
class TakesAway(HttpsFiles):
    """Gives each answer once in its life."""

    def __init__(self, settings, client):
        super().__init__(settings, client)
        self.given = set()

    def answers(self, known):
        for answer in super().answers({*known, *self.given}):
            self.given.add(answer.name)
            yield answer


@breaks("an_answer_that_is_not_the_banks_is_not_given")
class Silent(AnswersOtherwise):
    def other(self, answers):
        with suppress(HaltError):
            yield from answers


@breaks("an_answer_that_is_not_the_banks_is_not_given")
class StopsThere(HttpsFiles):
    def answers(self, known):
        given, error = [], None
        try:
            given.extend(super().answers(known))
        except HaltError as found:
            error = found
        yield from given[:1]
        if error:
            raise error


@breaks("a_lost_answer_list_is_an_error_never_fewer_answers")
class EndsAtTrouble(AnswersOtherwise):
    def other(self, answers):
        with suppress(BatonError):
            yield from answers
