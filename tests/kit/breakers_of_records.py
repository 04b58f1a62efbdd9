"""Record targets broken in just one way each, to show that the law of that name bites."""

import dataclasses
import unicodedata
from collections import defaultdict

import polars as pl

from baton.errors import BatonError, HaltError, InDoubtError, RetryableError
from baton.sdk import Outcome, Receipt
from tests.kit.shelf import THINGS, ShelfRecords

BREAKERS = defaultdict(list)


def breaks(*titles):
    def keep(broken):
        for title in titles:
            BREAKERS[title].append(broken)
        return broken

    return keep


def only_text(change):
    """A class whose notes are changed on the way to the shelf."""

    class Broken(ShelfRecords):
        def _write(self, path, records):
            changed = [
                [{**row, "note": change(row["note"])} if "note" in row else row for row in one] for one in records
            ]
            return super()._write(path, changed)

    return Broken


# --- targets


@breaks("a_collection_says_its_fields_and_its_key")
class NamesNoKey(ShelfRecords):
    def collection(self, name):
        return dataclasses.replace(super().collection(name), key=())


@breaks("an_unknown_collection_cannot_be_written_to")
class TakesAnyName(ShelfRecords):
    def collection(self, name):
        return THINGS


@breaks("records_inserted_are_found_as_they_were_given")
class ForgetsAField(ShelfRecords):
    def insert(self, collection, rows):
        return super().insert(collection, rows.with_columns(pl.lit(None, pl.String).alias("note")))


@breaks("records_inserted_are_found_as_they_were_given", "fetch_leaves_out_what_is_not_there")
class FetchesFloats(ShelfRecords):
    def fetch(self, collection, keys, fields):
        found = super().fetch(collection, keys, fields)
        return found.with_columns(pl.col(name).cast(pl.Float64) for name in found.columns if name == "amount")


@breaks("records_are_counted")
class CountsOnce(ShelfRecords):
    counted = None

    def count(self, collection):
        if self.counted is None:
            self.counted = super().count(collection)
        return self.counted


@breaks("one_receipt_per_record_in_order")
class AnswersBackwards(ShelfRecords):
    def insert(self, collection, rows):
        return super().insert(collection, rows)[::-1]


@breaks("one_receipt_per_record_in_order", "records_inserted_are_found_as_they_were_given")
class OneReceiptTooMany(ShelfRecords):
    def insert(self, collection, rows):
        return [*super().insert(collection, rows), Receipt.done()]


@breaks("an_existing_key_is_refused_as_changed_and_left_as_it_is")
class Overwrites(ShelfRecords):
    def insert(self, collection, rows):
        there = super().fetch(collection, rows, [name for name in rows.columns if name != "code"])
        super().delete(collection, there)
        return super().insert(collection, rows)


@breaks("an_existing_key_is_refused_as_changed_and_left_as_it_is")
class CallsItDuplicate(ShelfRecords):
    def insert(self, collection, rows):
        receipts = super().insert(collection, rows)
        return [dataclasses.replace(one, code="duplicate") if one.code else one for one in receipts]


@breaks("one_key_twice_in_a_call_makes_one_record")
class TheLastOneWins(ShelfRecords):
    def insert(self, collection, rows):
        super().insert(collection, rows.unique("code", keep="last", maintain_order=True))
        return [Receipt.done()] * rows.height


@breaks("amend_sets_only_the_given_fields")
class ClearsTheRest(ShelfRecords):
    def amend(self, collection, rows, before):
        rest = [pl.lit(None, pl.String).alias(name) for name in ("note",) if name not in rows.columns]
        return super().amend(collection, rows.with_columns(rest), before)


@breaks("amend_sets_only_the_given_fields")
class NeverClears(ShelfRecords):
    def _write(self, path, records):
        kept = [[{k: v for k, v in row.items() if v is not None} for row in one] for one in records]
        return super()._write(path, kept)


@breaks("amend_refuses_a_record_that_is_not_as_expected")
class AmendsBlindly(ShelfRecords):
    def amend(self, collection, rows, before):
        return super().amend(collection, rows, before.select("code"))


@breaks("amend_refuses_a_record_that_is_not_there_and_makes_none")
class AmendMakes(ShelfRecords):
    def amend(self, collection, rows, before):
        super().insert(collection, rows)
        return super().amend(collection, rows, before.select("code"))


@breaks("delete_takes_out_that_record_and_no_other")
class OnlyPretendsToDelete(ShelfRecords):
    def delete(self, collection, before):
        return [Receipt.done()] * before.height


@breaks("delete_refuses_a_record_that_is_not_as_expected")
class DeletesBlindly(ShelfRecords):
    def delete(self, collection, before):
        return super().delete(collection, before.select("code"))


@breaks("delete_of_a_record_that_is_gone_is_done")
class MissesWhatIsGone(ShelfRecords):
    def delete(self, collection, before):
        there = set(super().fetch(collection, before, ())["code"])
        gone = Receipt.refused("absent", "there is no such record")
        receipts = super().delete(collection, before)
        return [one if code in there else gone for one, code in zip(receipts, before["code"], strict=True)]


@breaks("fetch_leaves_out_what_is_not_there")
class AsksOneCall(ShelfRecords):
    def fetch(self, collection, keys, fields):
        return super().fetch(collection, keys.head(1000), fields)


@breaks("fetch_leaves_out_what_is_not_there")
class GivesBlanksForWhatIsMissing(ShelfRecords):
    def fetch(self, collection, keys, fields):
        return keys.join(super().fetch(collection, keys, fields), on="code", how="left", maintain_order="left")


@breaks("a_bad_record_in_a_batch_is_refused_alone")
class RefusesAllForOne(ShelfRecords):
    def insert(self, collection, rows):
        receipts = super().insert(collection, rows)
        return [next((one for one in receipts if one.outcome is Outcome.REFUSED), each) for each in receipts]


@breaks("writes_of_no_records_are_harmless")
class NeedsAFirstRecord(ShelfRecords):
    def delete(self, collection, before):
        before.row(0)
        return super().delete(collection, before)


# --- values


@breaks("record_text_is_found_exactly_or_refused")
class RefusesEveryText(ShelfRecords):
    def insert(self, collection, rows):
        return [Receipt.refused("text", "no")] * rows.height


for alter in (
    lambda note: note and note.strip(" "),
    lambda note: note and note.encode("gbk", "replace").decode("gbk"),
    lambda note: note and unicodedata.normalize("NFC", note),
    lambda note: note and note.replace("\r\n", "\n"),
    lambda note: note and note.replace("\0", ""),
    lambda note: None if note == "NULL" else note,
):
    BREAKERS["record_text_is_found_exactly_or_refused"].append(only_text(alter))
BREAKERS["empty_text_is_not_no_value"] += [only_text(lambda note: note or None), only_text(lambda note: note or "")]


@breaks("record_numbers_and_days_are_found_exactly_or_refused")
class CalculatesInFloats(ShelfRecords):
    def insert(self, collection, rows):
        amount = pl.col("amount").cast(pl.Float64).round(2).cast(pl.Decimal(38, 2))
        return super().insert(collection, rows.with_columns(amount))


@breaks("record_numbers_and_days_are_found_exactly_or_refused")
class KeepsWholeSeconds(ShelfRecords):
    def insert(self, collection, rows):
        return super().insert(collection, rows.with_columns(pl.col("moment").dt.truncate("1s")))


@breaks("record_keys_are_told_apart_exactly")
class TrimsKeys(ShelfRecords):
    def insert(self, collection, rows):
        return super().insert(collection, rows.with_columns(pl.col("code").str.strip_chars()))


@breaks("record_keys_are_told_apart_exactly")
class ForgetsCase(ShelfRecords):
    def fetch(self, collection, keys, fields):
        return super().fetch(collection, keys.with_columns(pl.col("code").str.to_uppercase()), fields)


@breaks("record_values_never_appear_in_receipts")
class TellsTheName(ShelfRecords):
    def receipt(self, result, record):
        receipt = super().receipt(result, record)
        return receipt if result == "ok" else dataclasses.replace(receipt, message=f"not taken: {record}")


# --- troubles


@breaks("a_record_write_that_may_have_happened_is_in_doubt")
class TakesSilenceForSuccess(ShelfRecords):
    def _write(self, path, records):
        try:
            return super()._write(path, records)
        except InDoubtError:
            return [Receipt.done() for _ in records]


@breaks("a_record_write_that_may_have_happened_is_in_doubt", "what_is_said_of_a_broken_batch_of_records_is_true")
class HopesNothingHappened(ShelfRecords):
    def _write(self, path, records):
        try:
            return super()._write(path, records)
        except InDoubtError as error:
            raise RetryableError("again") from error


@breaks("a_lost_answer_to_an_insert_and_a_repeat_leave_one_record")
class CallsWhatIsThereDone(ShelfRecords):
    def receipt(self, result, record):
        return Receipt.done() if result == "exists" else super().receipt(result, record)


@breaks("a_record_write_that_was_not_taken_is_retryable")
class DoubtsEverything(ShelfRecords):
    def _write(self, path, records):
        try:
            return super()._write(path, records)
        except RetryableError as error:
            raise InDoubtError("who knows") from error


@breaks("a_record_write_that_was_not_taken_is_retryable")
class ForgetsRetryAfter(ShelfRecords):
    def _write(self, path, records):
        try:
            return super()._write(path, records)
        except RetryableError as error:
            raise RetryableError("later") from error


@breaks("what_is_said_of_a_broken_batch_of_records_is_true")
class TellsOnlyOfTheLast(ShelfRecords):
    def _write(self, path, records):
        return [receipt for record in records for receipt in super(TellsOnlyOfTheLast, self)._write(path, [record])]


@breaks("reading_records_is_never_in_doubt")
class TakesTroubleForAbsence(ShelfRecords):
    def fetch(self, collection, keys, fields):
        try:
            return super().fetch(collection, keys, fields)
        except BatonError:
            return keys.clear()


@breaks("a_refused_credential_halts_record_writes")
class TakesARefusalForAPassingTrouble(ShelfRecords):
    def _write(self, path, records):
        try:
            return super()._write(path, records)
        except HaltError as error:
            raise RetryableError("later") from error
