"""pain.002: what the bank says of file, batches and lines, in whatever version and however it lists them."""

from __future__ import annotations

import tracemalloc
from datetime import datetime

import pytest

from baton.banking.reading.leniency import Strict, Tolerant
from baton.banking.reading.report import read_report
from baton.banking.refused import BankFileRefusedError
from baton.model.bank_answers import AnswerLevel, BankState, ReasonKind
from tests.banking.reading import messages
from tests.banking.reading.messages import batch, line, report, why


def read(text, leniency=None):
    return list(read_report(messages.stream(text), "answer.xml", leniency or Strict()))


def brief(answers):
    return [(each.level.value, each.batch_id, each.reference, each.state.value) for each in answers]


def test_a_refused_file_says_so_once():
    (answer,) = read(report(group="RJCT").replace("</OrgnlGrpInfAndSts>", f"{why('FF01')}</OrgnlGrpInfAndSts>"))
    assert (answer.level, answer.state, answer.raw_state) == (AnswerLevel.FILE, BankState.REJECTED, "RJCT")
    assert (answer.message_id, answer.reported) == ("ORDER-1", datetime(2026, 11, 26, 8, 0))  # noqa: DTZ001 - the bank named no zone
    assert [(reason.code, reason.kind) for reason in answer.reasons] == [("FF01", ReasonKind.DATA)]


def test_every_line_of_every_batch_is_read_the_coarser_answer_first():
    answers = read(
        report(
            batch("B1", line("REF1", "ACSC"), line("REF2", "RJCT", why("AC04")), line("REF3", "ACCC"), state="PART"),
            batch("B2", line("REF4", "PDNG"), line("REF5", "BLCK")),
            batch("B3", state="ACSP"),
        )
    )
    assert brief(answers) == [
        ("file", "", "", "partial"),
        ("batch", "B1", "", "partial"),
        ("line", "B1", "REF1", "debited"),
        ("line", "B1", "REF2", "rejected"),
        ("line", "B1", "REF3", "paid"),
        ("line", "B2", "REF4", "pending"),
        ("line", "B2", "REF5", "blocked"),
        ("batch", "B3", "", "accepted"),
    ]


@pytest.mark.parametrize("version", ["03", "12", "14", "15"])
def test_the_versions_with_a_schema_here_are_read_strictly(version):
    text = report(batch("B1", line("REF1", "RJCT", why("AC01"), amount="12.30")), version=version)
    (_, answer) = read(text)
    assert (answer.amount_minor, answer.currency, answer.reasons[0].code) == (1230, "CNY", "AC01")


@pytest.mark.parametrize("version", ["04", "10", "11"])
def test_a_version_without_a_schema_is_read_with_a_warning_and_not_strictly(version):
    text = report(batch("B1", line("REF1", "ACCC")), version=version)
    tolerant = Tolerant()
    assert brief(read(text, tolerant))[-1] == ("line", "B1", "REF1", "paid")
    assert [fault.rule for fault in tolerant.warnings] == ["no_schema"]
    with pytest.raises(BankFileRefusedError, match="no_schema"):
        read(text)


def test_a_report_without_a_namespace_is_read_with_a_warning():
    text = report(batch("B1", line("REF1", "ACCC"))).replace(f' xmlns="{messages.ISO}pain.002.001.12"', "")
    tolerant = Tolerant()
    assert brief(read(text, tolerant))[-1] == ("line", "B1", "REF1", "paid")
    assert len(tolerant.warnings) == 1


def test_a_prefix_and_comments_change_nothing():
    plain = report(batch("B1", line("REF1", "RJCT", why("AC04"))))
    text = plain.replace("<", "<p:").replace("<p:/", "</p:").replace("<p:?", "<?").replace("xmlns=", "xmlns:p=")
    text = text.replace("<p:TxSts>", "<!-- RJCT? --><p:TxSts> \n").replace("</p:TxSts>", "\t</p:TxSts>")
    assert read(text, Tolerant()) == read(plain)


def test_a_line_is_named_by_its_instruction_where_the_end_to_end_id_is_missing():
    answers = read(report(batch("B1", line("NOTPROVIDED", "RJCT", instruction="REF1"))))
    assert answers[-1].reference == "REF1"


def test_a_line_that_cannot_be_named_is_a_fault():
    text = report(batch("B1", line("NOTPROVIDED", "RJCT")))
    tolerant = Tolerant()
    assert brief(read(text, tolerant)) == [("file", "", "", "partial")]
    assert [fault.rule for fault in tolerant.warnings] == ["no_reference"]
    with pytest.raises(BankFileRefusedError, match="no_reference"):
        read(text)


def test_a_listed_line_without_a_state_has_that_of_its_batch_or_file():
    answers = read(
        report(batch("B1", line("REF1", "", why("AC04")), state="RJCT"), batch("B2", line("REF2", "")), group="ACSP")
    )
    assert brief(answers)[2:] == [("line", "B1", "REF1", "rejected"), ("line", "B2", "REF2", "accepted")]
    assert answers[2].reasons[0].kind is ReasonKind.DEAD_ACCOUNT


def test_partial_is_nobodys_state():
    with pytest.raises(BankFileRefusedError, match="no_state"):
        read(report(batch("B1", line("REF1", ""))))


def test_a_state_that_no_code_set_has_stops_even_the_tolerant_reader():
    with pytest.raises(BankFileRefusedError, match="state_unmapped") as raised:
        read(report(batch("B1", line("REF1", "ACCX"))), Tolerant())
    assert "TxSts" in str(raised.value)


def test_a_reason_that_no_code_set_has_is_a_fault_and_unnamed():
    text = report(batch("B1", line("REF1", "RJCT", why("ZZ99"))))
    tolerant = Tolerant()
    (reason,) = read(text, tolerant)[-1].reasons
    assert (reason.code, reason.kind, [fault.rule for fault in tolerant.warnings]) == (
        "ZZ99",
        ReasonKind.UNNAMED,
        ["reason_unmapped"],
    )
    with pytest.raises(BankFileRefusedError, match="reason_unmapped"):
        read(text)


def test_reasons_are_all_read_with_their_words_and_a_duplicate_is_seen_even_in_the_wrong_place():
    text = report(
        batch("B1", line("REF1", "RJCT", why("AC04", "one", "two"), why(proprietary="AM05"), why(proprietary="X1")))
    )
    reasons = read(text)[-1].reasons
    assert [(each.code, each.kind) for each in reasons] == [
        ("AC04", ReasonKind.DEAD_ACCOUNT),
        ("AM05", ReasonKind.DUPLICATE),
        ("X1", ReasonKind.UNNAMED),
    ]
    assert reasons[0].text == "one two"
    assert "one" not in repr(reasons)


def test_what_a_reason_leaves_open_is_looked_up_in_the_banks_own_words():
    given = [
        why("NARR", "业务参考号重复"),
        why("MS03", "账户已销户"),
        why("AM04", "重复"),
        why(proprietary="该笔已处理"),
    ]
    reasons = read(report(batch("B1", line("REF1", "RJCT", *given))))[-1].reasons
    assert [each.kind.value for each in reasons] == ["duplicate", "dead_account", "funds", "duplicate"]


@pytest.mark.parametrize("amount", ["NaN", "1e3", "-1", "1.234", "1,5"])
def test_an_amount_that_is_none_stops_even_the_tolerant_reader(amount):
    with pytest.raises(BankFileRefusedError, match=r"\[amount\]"):
        read(report(batch("B1", line("REF1", "ACCC", amount=amount))), Tolerant())


def test_a_report_about_nothing_is_refused():
    text = report()
    start, end = text.index("<OrgnlGrpInfAndSts>"), text.index("</OrgnlGrpInfAndSts>") + len("</OrgnlGrpInfAndSts>")
    with pytest.raises(BankFileRefusedError, match="which order"):
        read(text[:start] + text[end:], Tolerant())


def test_memory_does_not_grow_with_the_lines():
    def peak(lines):
        text = messages.stream(report(batch("B1", *[line(f"REF{n}", "RJCT", why("AC04")) for n in range(lines)])))
        tracemalloc.start()
        count = sum(1 for _ in read_report(text, "answer.xml", Strict()))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == lines + 1
        return top

    peak(10)
    assert peak(5_000) < 2 * peak(500) + 200_000


@pytest.mark.parametrize(
    "told",
    [
        line("REF1", "ACCC").replace("</TxSts>", "</TxSts><TxSts>RJCT</TxSts>"),
        line("REF1", "RJCT").replace("</OrgnlEndToEndId>", "</OrgnlEndToEndId><OrgnlEndToEndId>REF2</OrgnlEndToEndId>"),
    ],
)
def test_a_line_that_says_two_things_is_believed_by_no_reader(told):
    for leniency in (Strict(), Tolerant()):
        with pytest.raises(BankFileRefusedError):
            read(report(batch("B1", told)), leniency)
