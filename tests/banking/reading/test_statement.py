"""camt.053 and camt.054: every booking once, with all it may be called, adding up to the balances."""

from __future__ import annotations

import tracemalloc
from datetime import date

import pytest

from baton.banking.reading.leniency import Strict, Tolerant
from baton.banking.reading.statement import read_statements
from baton.banking.refused import BankFileRefusedError
from baton.model.bank_answers import Direction, ReasonKind
from tests.banking.reading import messages
from tests.banking.reading.messages import (
    REFERENCES,
    balance,
    booking,
    end_to_end,
    members,
    notification,
    statement,
    statements,
    transaction,
)

OURS, OTHER = REFERENCES[7], REFERENCES[8]


def read(text, leniency=None):
    reader = leniency or Strict()
    return [(each.head, list(each.entries)) for each in read_statements(messages.stream(text), "statement.xml", reader)]


def entries(*bookings, leniency=None, version="08"):
    ((_, found),) = read(statements([statement(*bookings)], version), leniency)
    return found


def briefly(found):
    return [(each.direction.value, each.amount_minor, each.references[:1], each.batch_id) for each in found]


def test_the_head_says_which_account_which_copy_and_between_which_balances():
    text = statements([statement(balance("OPBD", "10.00"), balance("CLBD", "2.50", "DBIT"), booking("12.50"))])
    ((head, found),) = read(text)
    assert (head.account, head.statement_id, head.sequence) == ("6222000011112222", "S1", "1")
    assert (head.currency, head.opening_minor, head.closing_minor) == ("CNY", 1000, -250)
    assert head.closed == "2026-11-25"
    assert [(each.entry_id, each.booked, each.pending) for each in found] == [("#1", date(2026, 11, 25), False)]
    assert "6222" not in repr(head)


def pagination(name, number, last):
    return f"<{name}><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></{name}>"


def page_of(text, number, last):
    """The same with the number of a page of its statement."""
    return text.replace("</Id><Elctrnc", f"</Id>{pagination('StmtPgntn', number, last)}<Elctrnc", 1)


@pytest.mark.parametrize(
    ("number", "last", "page", "opening", "closing"),
    [
        ("1", "true", (0, False), 1000, -250),
        ("1", "false", (1, True), 1000, None),
        ("2", "0", (2, True), None, None),
        ("2", "true", (2, False), None, -250),
    ],
)
def test_a_page_of_a_statement_has_its_number_and_the_balances_that_belong_on_it(number, last, page, opening, closing):
    whole = statements([statement(balance("OPBD", "10.00"), balance("CLBD", "2.50", "DBIT"), booking("12.50"))])
    ((head, _),) = read(page_of(whole, number, last))
    assert (head.page, head.pages_follow) == page
    assert (head.opening_minor, head.closing_minor, head.closed) == (opening, closing, "2026-11-25")


def test_pages_of_one_statement_need_not_add_up_alone():
    whole = statements([statement(balance("OPBD", "10.00"), balance("CLBD", "2.50", "DBIT"), booking("5.00"))])
    for number, last in (("1", "false"), ("2", "true")):
        leniency = Strict()
        read(page_of(whole, number, last), leniency)
        assert list(leniency.findings) == []


@pytest.mark.parametrize(("number", "last", "page"), [("1", "true", 0), ("1", "false", 1), ("2", "true", 2)])
def test_a_page_of_a_message_has_its_number_on_each_statement(number, last, page):
    paged = f"</CreDtTm>{pagination('MsgPgntn', number, last)}</GrpHdr>"
    parts = [statement(booking("1.00")), statement(name="S2")]
    text = statements(parts).replace("</CreDtTm></GrpHdr>", paged)
    assert [(head.page, head.message_page) for head, _ in read(text)] == [(0, page), (0, page)]


def test_who_was_paid_is_read_and_not_shown():
    paid = "<RltdPties><Cdtr><Pty><Nm>测试甲</Nm></Pty></Cdtr></RltdPties>"
    (entry,) = entries(booking("12.30", transaction(end_to_end("E1"), "12.30", "DBIT", paid), name="A1"))
    assert entry.counterparty == "测试甲"
    assert "E1" in repr(entry)
    assert "测试" not in repr(entry)


@pytest.mark.parametrize("version", ["02", "04", "06", "08", "10", "13"])
def test_every_version_with_its_places_is_read_strictly(version):
    inside = f"<RmtInf><Ustrd>salary {OURS}</Ustrd></RmtInf>"
    money = "" if version == "02" else "12.30"
    way = "" if version == "02" else "DBIT"
    detail = transaction(end_to_end("E1"), money, way, inside)
    (entry,) = entries(booking("12.30", detail, name="A1", version=version), version=version)
    assert (entry.entry_id, entry.amount_minor, entry.references) == ("A1", 1230, ("E1", OURS, "A1"))


@pytest.mark.parametrize("version", ["03", "05", "07", "14"])
def test_a_version_without_a_schema_is_read_with_a_warning_and_not_strictly(version):
    detail = transaction(end_to_end("E1"), "12.30", "DBIT")
    tolerant = Tolerant()
    (entry,) = entries(booking("12.30", detail, version=version), version=version, leniency=tolerant)
    assert (entry.amount_minor, entry.references) == (1230, ("E1",))
    assert [fault.rule for fault in tolerant.warnings] == ["no_schema"]
    with pytest.raises(BankFileRefusedError, match="no_schema"):
        entries(booking("12.30", detail, version=version), version=version)


def test_the_first_version_has_its_transactions_directly_in_the_booking():
    text = (
        f'<Document xmlns="{messages.ISO}camt.053.001.01"><BkToCstmrStmtV01><GrpHdr><MsgId>R1</MsgId>'
        "<CreDtTm>2026-11-26T08:00:00</CreDtTm></GrpHdr><Stmt><Id>S1</Id><CreDtTm>2026-11-26T08:00:00</CreDtTm>"
        "<Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>"
        '<Bal><Tp><Cd>OPBD</Cd></Tp><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-25</Dt></Dt></Bal>'
        '<Bal><Tp><Cd>CLBD</Cd></Tp><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-25</Dt></Dt></Bal>'
        '<Ntry><Amt Ccy="EUR">2.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-25</Dt></BookgDt>'
        "<BkTxCd/><Btch><PmtInfId>B1</PmtInfId><NbOfTxs>1</NbOfTxs></Btch>"
        f"<TxDtls><Refs><EndToEndId>{OURS}</EndToEndId></Refs></TxDtls></Ntry></Stmt></BkToCstmrStmtV01></Document>"
    )
    tolerant = Tolerant()
    ((head, (entry,)),) = read(text, tolerant)
    assert (head.account, head.opening_minor, entry.amount_minor, entry.references) == (
        "DE02120300000000202051",
        500,
        200,
        (OURS,),
    )
    assert not len(tolerant.findings)
    assert [fault.rule for fault in tolerant.warnings] == ["no_schema"]


def test_references_come_from_six_places_the_most_reliable_first():
    refs = "<AcctSvcrRef>SERVICER</AcctSvcrRef><InstrId>INSTRUCTION</InstrId>" + end_to_end("END")
    inside = (
        f"<RmtInf><Ustrd>Gehalt {REFERENCES[1]}, 张三</Ustrd>"
        "<Strd><CdtrRefInf><Ref>RF18STRUCTURED</Ref></CdtrRefInf></Strd></RmtInf>"
        f"<SplmtryData><Envlp><x xmlns='urn:x'>own {REFERENCES[2]}</x></Envlp></SplmtryData>"
        f"<SplmtryData><Envlp><x xmlns='urn:x'><y>{REFERENCES[3]}</y></x></Envlp></SplmtryData>"
    )
    (entry,) = entries(booking("1.00", transaction(refs, "1.00", "DBIT", inside), name="BOOKING"))
    assert set(entry.references) == {
        "END", "INSTRUCTION", REFERENCES[1], "RF18STRUCTURED", "SERVICER", REFERENCES[2], REFERENCES[3], "BOOKING",
    }  # fmt: skip
    assert entry.references[:2] == ("END", "INSTRUCTION")
    assert entry.references.index("SERVICER") > entry.references.index("RF18STRUCTURED")


def test_not_provided_is_no_reference_and_free_text_gives_nothing_but_our_shape():
    inside = "<RmtInf><Ustrd>张三 November salary 2026 SCOR 12345678901234567890</Ustrd></RmtInf>"
    (entry,) = entries(booking("1.00", transaction(end_to_end("NOTPROVIDED"), "1.00", "DBIT", inside)))
    assert entry.references == ()


def test_a_reference_that_the_bank_has_broken_over_two_lines_is_put_together():
    inside = f"<RmtInf><Ustrd>/ref/{OURS[:20]}</Ustrd><Ustrd>{OURS[20:]}</Ustrd></RmtInf>"
    (entry,) = entries(booking("1.00", transaction("", "1.00", "DBIT", inside)))
    assert OURS in entry.references


def test_a_batch_that_shows_its_transactions_gives_each_of_them_and_nothing_more():
    shown = [transaction(end_to_end(ref), amount, "DBIT") for ref, amount in ((OURS, "1.00"), (OTHER, "2.50"))]
    found = entries(booking("3.50", *shown, name="A1", batch=members("B1", 2)))
    assert briefly(found) == [("debit", 100, (OURS,), ""), ("debit", 250, (OTHER,), "")]
    assert [each.entry_id for each in found] == ["A1/1", "A1/2"]


def test_a_batch_that_shows_nothing_is_one_entry_for_all():
    (entry,) = entries(booking("3.50", name="A1", batch=members("B1", 2)))
    assert (entry.amount_minor, entry.batch_id, entry.batch_count, entry.references) == (350, "B1", 2, ("A1",))


@pytest.mark.parametrize(
    "refs",
    [
        "<InstrId>20261125000123</InstrId>",
        end_to_end("NONREF"),
        end_to_end("NOTPROVIDED"),
        end_to_end(REFERENCES[9]),
    ],
    ids=["the-banks-own", "none", "not-provided", "the-batch-itself"],
)
def test_a_batch_stays_one_whatever_else_the_bank_fills_in(refs):
    batch = REFERENCES[9]
    told = f"{refs}<PmtInfId>{batch}</PmtInfId>" if "<EndTo" not in refs else f"<PmtInfId>{batch}</PmtInfId>{refs}"
    (entry,) = entries(booking("3.50", transaction(told, "3.50")), leniency=Tolerant())
    assert (entry.amount_minor, entry.batch_id) == (350, batch)
    (entry,) = entries(booking("3.50", transaction(refs, "3.50"), batch=members(batch, 1)))
    assert entry.batch_id == batch


def test_what_names_a_line_of_ours_is_no_batch():
    (entry,) = entries(booking("1.00", transaction(f"<PmtInfId>B1</PmtInfId>{end_to_end(OURS)}", "1.00")))
    assert (entry.references, entry.batch_id) == ((OURS,), "")


@pytest.mark.parametrize("amounts", [("1.00", "", "0.50"), ("", "1.00", "1.50"), ("1.50", "1.00", "")])
def test_the_one_transaction_without_an_amount_has_what_the_others_leave(amounts):
    strict = Strict()
    shown = [transaction(end_to_end(ref), amount) for ref, amount in zip(REFERENCES[3:6], amounts, strict=True)]
    total = {"": 350, "1.50": 350, "0.50": 350}[amounts[2]]
    found = entries(booking("3.50", *shown, name="A1", batch=members("B1", 3)), leniency=strict)
    assert {each.references[0] for each in found} == set(REFERENCES[3:6])
    assert (sum(each.amount_minor for each in found), list(strict.findings)) == (total, [])


@pytest.mark.parametrize(("amounts", "count"), [(("1.00", "", ""), 3), (("1.00", "", "0.50"), 4), (("", "", ""), 3)])
def test_what_several_leave_over_is_nobodys(amounts, count):
    shown = [transaction(end_to_end(ref), amount) for ref, amount in zip(REFERENCES[3:6], amounts, strict=True)]
    found = entries(booking("3.50", *shown, batch=members("B1", count)), leniency=Tolerant())
    assert (found[-1].references, found[-1].batch_id) == ((), "B1")


@pytest.mark.parametrize("refs", [end_to_end(OURS.lower()), ""])
@pytest.mark.parametrize("words", ["", f"salary {OURS[:20]} {OURS[20:]} NOV", f"工资 {OURS.lower()}"])
def test_a_reference_of_ours_is_found_in_small_letters_and_broken_by_a_blank(refs, words):
    inside = f"<RmtInf><Ustrd>{words}</Ustrd></RmtInf>" if words else ""
    (entry,) = entries(booking("1.00", transaction(refs, "1.00", "DBIT", inside)))
    assert entry.references == ((OURS,) if refs or words else ())


def test_a_batch_that_names_only_itself_in_its_one_transaction_is_a_batch():
    refs = "<PmtInfId>B1</PmtInfId>" + end_to_end("NOTPROVIDED")
    (entry,) = entries(booking("3.50", transaction(refs, "3.50", "DBIT")))
    assert (entry.amount_minor, entry.batch_id) == (350, "B1")


def test_what_the_shown_transactions_leave_over_is_an_entry_too_so_that_nothing_is_lost():
    strict = Strict()
    shown = [transaction(end_to_end(ref), "1.00", "DBIT") for ref in (OURS, OTHER)]
    found = entries(booking("3.50", *shown, batch=members("B1", 3)), leniency=strict)
    assert briefly(found) == [("debit", 100, (OURS,), ""), ("debit", 100, (OTHER,), ""), ("debit", 150, (), "B1")]
    assert [each.rule for each in strict.findings] == ["batch_sum"]


def test_transactions_that_are_more_than_their_booking_leave_a_rest_the_other_way():
    shown = [transaction(end_to_end(ref), "2.00", "DBIT") for ref in (OURS, OTHER)]
    found = entries(booking("3.00", *shown))
    assert [(each.direction, each.amount_minor) for each in found][-1] == (Direction.CREDIT, 100)


def test_a_single_transaction_has_the_amount_of_its_booking():
    (entry,) = entries(booking("3.50", transaction(end_to_end(OURS), "3.00", "DBIT")))
    assert entry.amount_minor == 350  # charges were taken


def test_a_transaction_in_another_currency_has_the_amount_in_ours():
    detail = transaction(
        end_to_end(OURS),
        "9.00",
        "DBIT",
        '<AmtDtls><InstdAmt><Amt Ccy="EUR">9.00</Amt></InstdAmt><TxAmt><Amt Ccy="CNY">70.00</Amt></TxAmt></AmtDtls>',
        currency="EUR",
    )
    found = entries(booking("100.00", detail, transaction(end_to_end(OTHER), "30.00", "DBIT")))
    assert briefly(found) == [("debit", 7000, (OURS,), ""), ("debit", 3000, (OTHER,), "")]


def test_a_return_is_told_by_its_reason_its_code_or_its_reversal():
    why = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf></RtrInf>"
    by_reason, by_code, by_reversal, plain = entries(
        booking("1.00", transaction(end_to_end(OURS), "1.00", "CRDT", why), way="CRDT"),
        booking("1.00", transaction(end_to_end(OURS)), way="CRDT", code="RRTN"),
        booking("1.00", way="CRDT", reversal=True),
        booking("1.00", transaction(end_to_end(OURS)), way="CRDT"),
    )
    assert (by_reason.returned.code, by_reason.returned.kind) == ("AC04", ReasonKind.DEAD_ACCOUNT)
    assert by_code.returned.code == by_reversal.returned.code == "RRTN"
    assert plain.returned is None


def test_what_is_not_booked_is_pending_and_information_is_no_entry():
    found = entries(booking("1.00", status="PDNG"), booking("2.00", status="INFO"), booking("3.00"))
    assert [(each.amount_minor, each.pending) for each in found] == [(100, True), (300, False)]


def test_a_status_in_no_known_word_is_pending_with_a_warning():
    tolerant = Tolerant()
    (entry,) = entries(booking("1.00").replace("<Cd>BOOK</Cd>", "<Prtry>OK</Prtry>"), leniency=tolerant)
    assert entry.pending
    assert [fault.rule for fault in tolerant.warnings] == ["entry_status"]


@pytest.mark.parametrize(("closing", "found"), [("7.00", []), ("7.01", ["balance_chain"])])
def test_the_bookings_must_make_the_closing_balance(closing, found):
    strict = Strict()
    parts = (booking("4.00"), booking("1.00", way="CRDT"), booking("9.00", status="PDNG"))
    read(statements([statement(balance("OPBD", "10.00"), balance("CLBD", closing), *parts)]), strict)
    assert [each.rule for each in strict.findings] == found


def test_the_balance_of_the_day_before_opens_where_there_is_no_other():
    ((head, _),) = read(statements([statement(balance("PRCD", "1.00"), balance("CLBD", "1.00"))]))
    assert head.opening_minor == 100


def test_several_statements_in_a_file_keep_their_entries_apart_even_unread():
    text = statements([statement(booking("1.00"), name=f"S{n}", sequence=str(n)) for n in range(1, 4)])
    heads = [each.head.statement_id for each in read_statements(messages.stream(text), "statement.xml", Strict())]
    assert heads == ["S1", "S2", "S3"]
    assert [len(found) for _, found in read(text)] == [1, 1, 1]


def test_a_notification_is_told_as_one_and_has_no_balance():
    text = notification(booking("1.00", transaction(end_to_end(OURS), "1.00", "DBIT")))
    each = next(read_statements(messages.stream(text), "notification.xml", Strict()))
    assert each.notification
    assert (each.head.opening_minor, [entry.references for entry in each.entries]) == (None, [(OURS,)])


def test_a_bank_that_breaks_its_schema_is_read_with_warnings_and_still_matches():
    long = "x" * 150
    text = statements(
        [
            statement(
                booking(
                    "1.00", transaction(end_to_end(OURS), "1.00", "DBIT", f"<RmtInf><Ustrd>{long}</Ustrd></RmtInf>")
                )
            )
        ]
    )
    text = text.replace("<Ntry>", "<Ntry><OwnField>1</OwnField>")
    tolerant = Tolerant()
    ((_, (entry,)),) = read(text, tolerant)
    assert entry.references == (OURS,)
    assert {fault.rule for fault in tolerant.warnings} == {"schema"}
    with pytest.raises(BankFileRefusedError, match="schema"):
        read(text)


def test_a_missing_booking_date_is_found_and_the_value_date_taken():
    strict = Strict()
    (entry,) = entries(booking("1.00").replace("BookgDt", "ValDt"), leniency=strict)
    assert (entry.booked, [each.rule for each in strict.findings]) == (date(2026, 11, 25), ["booking_date"])


@pytest.mark.parametrize("amount", ["NaN", "1e3", "-1.00", "1.001"])
def test_an_amount_that_is_none_stops_even_the_tolerant_reader(amount):
    with pytest.raises(BankFileRefusedError, match=r"\[amount\]"):
        entries(booking(amount), leniency=Tolerant())


def test_a_booking_that_shows_its_transactions_before_its_amount_is_refused():
    text = booking("1.00", transaction(end_to_end(OURS), "1.00", "DBIT"))
    amount = '<Amt Ccy="CNY">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd>'
    words = f"<AddtlNtryInf>{'x' * 200_000}</AddtlNtryInf>"  # longer than what the parser reads at once
    late = text.replace(f"<Ntry>{amount}", "<Ntry>").replace("</Ntry>", f"{words}{amount}</Ntry>")
    with pytest.raises(BankFileRefusedError, match="before its transactions"):
        entries(late, leniency=Tolerant())


def test_memory_does_not_grow_with_the_transactions_of_one_booking():
    def peak(count):
        shown = [transaction(end_to_end(OURS), "1.00", "DBIT") for _ in range(count)]
        text = messages.stream(statements([statement(booking(f"{count}.00", *shown))]))
        tracemalloc.start()
        found = sum(1 for each in read_statements(text, "statement.xml", Strict()) for _ in each.entries)
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert found == count
        return top

    peak(10)
    assert peak(4_000) < 2 * peak(400) + 200_000


@pytest.mark.parametrize(
    ("once", "again"),
    [
        ('<Amt Ccy="CNY">1.00</Amt>', '<Amt Ccy="CNY">100.00</Amt>'),
        ("<CdtDbtInd>DBIT</CdtDbtInd>", "<CdtDbtInd>CRDT</CdtDbtInd>"),
        ("<Sts><Cd>BOOK</Cd></Sts>", "<Sts><Cd>PDNG</Cd></Sts>"),
    ],
)
def test_a_booking_that_says_two_things_is_believed_by_no_reader(once, again):
    said = booking("1.00", transaction(end_to_end(OURS)))
    for told in (said.replace(once, once + again, 1), said.replace(once, again + once, 1)):
        with pytest.raises(BankFileRefusedError):
            entries(told, leniency=Tolerant())
