"""A report that does not fit what was sent: told, and believed no further than it may be."""

from __future__ import annotations

import pytest

from baton.contracts.payments import AnswerKind
from baton.model.pay_run import LineState
from tests.hub.payment.office import Office
from tests.hub.payment.test_answers import TWO, content, references, say
from tests.rig.bank_papers import message_id, report


@pytest.fixture
def paid(office: Office) -> str:
    """A run that has been delivered."""
    return office.delivered(TWO)


@pytest.mark.parametrize(
    "amount", ['<InstdAmt Ccy="CNY">12345.76</InstdAmt>', '<InstdAmt Ccy="USD">12345.67</InstdAmt>']
)
def test_what_a_report_says_of_another_amount_is_not_said_of_the_line_and_is_told(
    office: Office, paid: str, amount: str
) -> None:
    known = references(office, paid)
    told = report(content(office), "PART", dict.fromkeys(known.values(), ("ACCC", "")))
    at = told.index(b"</TxInfAndSts>", told.index(known["0002"].encode()))
    said = told[:at] + f"<OrgnlTxRef><Amt>{amount}</Amt></OrgnlTxRef>".encode() + told[at:]
    assert say(office, AnswerKind.REPORT, said).alarms == [f"other_amount {known['0002']}"]
    assert office.states(paid) == {"0001": LineState.PAID, "0002": LineState.RELEASED}


@pytest.mark.parametrize(
    ("named", "alarms", "state"),
    [("NOTPROVIDED", [], LineState.REJECTED), ("BATCH-1", ["unknown_batch BATCH-1"], LineState.RELEASED)],
)
def test_a_batch_without_a_name_is_the_files_own_and_one_with_another_name_is_told(
    office: Office, paid: str, named: str, alarms: list[str], state: LineState
) -> None:
    """A file has one batch, which has the file's own id."""
    ours = message_id(content(office))
    refused = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{named}</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>"
        "<StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf></OrgnlPmtInfAndSts></CstmrPmtStsRpt>"
    )
    said = (
        report(content(office)).replace(b"<GrpSts>ACCP</GrpSts>", b"").replace(b"</CstmrPmtStsRpt>", refused.encode())
    )
    assert ours.encode() in said
    taken = say(office, AnswerKind.REPORT, said)
    assert (taken.alarms, set(office.states(paid).values())) == (alarms, {state})


@pytest.mark.parametrize(
    ("told", "alarmed"),
    [
        ("<OrgnlNbOfTxs>2</OrgnlNbOfTxs><OrgnlCtrlSum>20345.67</OrgnlCtrlSum>", False),
        ("<OrgnlNbOfTxs>1</OrgnlNbOfTxs><OrgnlCtrlSum>20345.67</OrgnlCtrlSum>", True),
        ("<OrgnlNbOfTxs>2</OrgnlNbOfTxs><OrgnlCtrlSum>2034567</OrgnlCtrlSum>", True),
        ("<OrgnlCtrlSum>20345.670</OrgnlCtrlSum>", False),
        ("", False),
    ],
)
def test_a_bank_that_has_taken_another_number_or_sum_than_we_sent_is_an_alarm(
    office: Office, paid: str, told: str, *, alarmed: bool
) -> None:
    said = report(content(office)).replace(b"<GrpSts>", f"{told}<GrpSts>".encode())
    alarms = say(office, AnswerKind.REPORT, said).alarms
    assert alarms == ([f"other_totals {message_id(content(office))}"] if alarmed else [])
    assert set(office.states(paid).values()) == {LineState.ACCEPTED}
