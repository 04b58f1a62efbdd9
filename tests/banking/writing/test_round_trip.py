"""What is written is read back by somebody else's classes (pyiso20022, read with xsdata): nothing lost, nothing moved."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiso20022.pain import pain_001_001_03, pain_001_001_09
from xsdata.formats.dataclass.parsers import XmlParser

from tests.banking.writing.orders import HEAD, PAYER, THREE, order, payable, written
from tests.banking.writing.samples import LINES, sample
from tests.rig.examples import few

CLASSES = {"iso20022-cny": pain_001_001_09, "iso20022-cny-03": pain_001_001_03, "iso20022-sepa": pain_001_001_09}


def read(name, lines):
    document = XmlParser().from_bytes(written(lines, sample(name)), CLASSES[name].Document)
    return document.cstmr_cdt_trf_initn


@pytest.mark.parametrize("name", CLASSES)
def test_every_payment_comes_back_as_it_was(name):
    lines = LINES.get(name, THREE)
    (batch,) = read(name, lines).pmt_inf
    assert len(batch.cdt_trf_tx_inf) == len(lines)
    for payment, line in zip(batch.cdt_trf_tx_inf, lines, strict=True):
        account, bank = payment.cdtr_acct.id, payment.cdtr_agt and payment.cdtr_agt.fin_instn_id
        assert payment.pmt_id.end_to_end_id == payment.pmt_id.instr_id == line.key.reference
        assert payment.amt.instd_amt.value * 100 == line.amount_minor
        assert payment.amt.instd_amt.ccy == line.currency
        assert payment.cdtr.nm == line.payee.holder
        assert (account.iban or account.othr.id) == line.payee.account
        assert (bank and (bank.clr_sys_mmb_id.mmb_id if bank.clr_sys_mmb_id else bank.bicfi)) == (
            line.payee.bank_code or None
        )
        assert payment.rmt_inf.ustrd == [line.remark]


@pytest.mark.parametrize("name", ["iso20022-cny", "iso20022-cny-03"])
def test_the_head_comes_back_as_it_was(name):
    message, given = read(name, THREE), order(THREE, sample(name))
    (batch,) = message.pmt_inf
    group = message.grp_hdr
    assert group.msg_id == batch.pmt_inf_id == given.message_id
    assert int(group.nb_of_txs) == int(batch.nb_of_txs) == 3
    assert group.ctrl_sum == batch.ctrl_sum == Decimal("1001234.60")
    assert group.initg_pty.nm == HEAD.initiator
    assert (batch.pmt_mtd.value, batch.btch_bookg, batch.chrg_br.value) == ("TRF", True, "DEBT")
    assert batch.pmt_tp_inf.ctgy_purp.cd == "SALA"
    assert (batch.dbtr.nm, batch.dbtr_acct.id.othr.id) == (PAYER.holder, PAYER.account)
    assert batch.dbtr_agt.fin_instn_id.clr_sys_mmb_id.clr_sys_id.cd == "CNAPS"
    day = batch.reqd_exctn_dt.dt if name == "iso20022-cny" else batch.reqd_exctn_dt
    assert str(day) == "2026-11-27"


NAMES = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Cn", "Cf", "Zl", "Zp"]), min_size=1, max_size=70
)


@given(NAMES, NAMES, st.integers(1, 99_999_999_999))
@few(40)
def test_whatever_may_be_written_comes_back(holder, remark, amount_minor):
    lines = [payable("E1", amount_minor, holder=holder, remark=remark)]
    (payment,) = read("iso20022-cny", lines).pmt_inf[0].cdt_trf_tx_inf
    assert payment.amt.instd_amt.value * 100 == amount_minor
    assert payment.cdtr.nm == holder
    assert payment.rmt_inf.ustrd == [remark]
