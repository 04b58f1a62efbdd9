"""The readers against an independent count, on messages in the manner of the public samples; what the campaign knows.

The samples themselves are other people's files and are not in this tree: ORIGIN.md says how to try them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace

import pytest

from tests.banking.public_samples import __main__ as campaign
from tests.banking.public_samples import trying
from tests.banking.public_samples.known import Sample, samples
from tests.banking.reading.messages import (
    ISO,
    balance,
    batch,
    booking,
    end_to_end,
    line,
    notification,
    report,
    statement,
    statements,
    transaction,
    why,
)

FOREIGN = '<AmtDtls><InstdAmt><Amt Ccy="CNY">2.50</Amt></InstdAmt></AmtDtls>'
SHOWN = (
    transaction(end_to_end("REF1"), "1.00", "DBIT"),
    transaction(end_to_end("REF2"), "0.40", "DBIT", FOREIGN, currency="USD"),
    transaction(end_to_end("REF3"), "0.25", "CRDT"),
)
BATCH = statements([statement(balance("OPBD", "9.00"), balance("CLBD", "5.00"), booking("4.00", *SHOWN, name="A1"))])
"""3.25 of 4.00 are shown in transactions, one of them booked in another currency and one the other way."""
LINES = report(
    batch("B1", line("REF1", "ACSP"), line("REF2", "RJCT", why("AC04"), why(proprietary="X1")), state="PART"),
    batch("B2", state="RJCT"),
    version="03",
)
ACCOUNT_REPORT = (
    f'<Document xmlns="{ISO}camt.052.001.08"><BkToCstmrAcctRpt><Rpt><Id>R1</Id></Rpt></BkToCstmrAcctRpt></Document>'
)
MANNERS = {
    "a statement in order": (BATCH, "read", "read", 4),
    "an order in order": (LINES, "read", "read", 5),
    "a message without a namespace": (LINES.replace(f' xmlns="{ISO}pain.002.001.03"', ""), "no_schema", "read", 5),
    "a version without a schema here": (BATCH.replace("053.001.08", "053.001.09"), "no_schema", "read", 4),
    "free words that are too long": (
        statements([statement(booking("1.00", words="w" * 501, name="A1"))]), "schema", "read", 1,
    ),
    "elements that have changed places": (
        LINES.replace("<GrpSts>PART</GrpSts>", "<GrpSts>PART</GrpSts><OrgnlNbOfTxs>2</OrgnlNbOfTxs>"), "schema", "read", 5,
    ),
    "five decimals, two of them needed": (statements([statement(booking("8.85000"))]), "read", "read", 1),
    "a notification without dates": (
        notification(booking("2.00").replace("<BookgDt><Dt>2026-11-25</Dt></BookgDt>", "")), "read", "read", 1,
    ),
    "a statement of nothing": (statements([statement(), statement(name="S2")]), "read", "read", 0),
    "an account report": (
        ACCOUNT_REPORT, "other_message", "other_message", 0,
    ),
    "no statement in a statement": (statements([]), "schema", "other_message", 0),
}  # fmt: skip


def sample(content: bytes, strict: str = "read", tolerant: str = "read", count: int = 0) -> Sample:
    return Sample(hashlib.sha256(content).hexdigest(), strict, tolerant, count, "here", "made")


@pytest.mark.parametrize("manner", MANNERS)
def test_what_is_read_is_what_is_there(manner):
    text, strict, tolerant, count = MANNERS[manner]
    content = text.encode()
    assert trying.faults(sample(content, strict, tolerant, count), content) == []


def test_what_is_misread_is_noticed(monkeypatch):
    """Each misreading is planted in turn: the comparison is no formality."""
    read = trying._read

    def misread(change):
        def reader(content, leniency):
            answers, found = read(content, leniency)
            return change(answers), [(head, change(entries)) for head, entries in found]

        monkeypatch.setattr(trying, "_read", reader)
        return [fault.partition(":")[0] for text in (BATCH, LINES) for fault in trying.differences(text.encode())]

    def without_references(said):
        names = {"StatementEntry": {"references": ()}, "BankAnswer": {"reference": ""}}
        return [each._replace(**names[type(each).__name__]) for each in said]

    assert misread(lambda said: said) == []
    assert misread(lambda said: said[:-1]) == ["entries", "sums", "states"]
    assert misread(lambda said: said[1:]) == ["entries", "sums", "references that are missing", "states"]
    assert misread(without_references) == ["references that are missing", "references"]


def test_a_wrong_outcome_or_count_is_noticed():
    content = BATCH.encode()
    right = sample(content, count=4)
    assert trying.faults(right, content) == []
    assert trying.faults(replace(right, strict="schema"), content) == ["read strictly it gives read, not schema"]
    assert trying.faults(replace(right, tolerant="schema"), content) == ["read tolerantly it gives read, not schema"]
    assert trying.faults(replace(right, count=5), content) == ["4 counted in it, not 5"]


def test_known_are_fifty_one_files_from_four_places():
    known = samples()
    assert Counter(each.origin for each in known) == {
        "genkgo/camt": 26,
        "svapnil/iso20022.js": 17,
        "OCA/bank-statement-import": 4,
        "trytond_account_payment_sepa": 4,
    }
    assert Counter((each.strict, each.tolerant) for each in known) == {
        ("read", "read"): 31,
        ("no_schema", "read"): 7,
        ("schema", "read"): 4,
        ("schema", "other_message"): 1,
        ("other_message", "other_message"): 8,
    }


@pytest.mark.parametrize(("strict", "result"), [("read", 0), ("schema", 1)])
def test_the_campaign_says_what_it_found(tmp_path, monkeypatch, capsys, strict, result):
    content = BATCH.encode()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "any-name").write_bytes(content)
    monkeypatch.setattr(campaign, "samples", lambda: [sample(content, strict, "read", 4)])
    monkeypatch.setattr("sys.argv", ["public_samples", str(tmp_path)])
    assert campaign.main() == result
    assert "1 of 1 public samples tried" in capsys.readouterr().out


def test_a_sample_that_is_not_there_is_not_passed_over(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["public_samples", str(tmp_path)])
    assert campaign.main() == 2
    said = capsys.readouterr().out
    assert said.count("NOT FOUND") == 51
    assert "0 of 51 public samples tried" in said
