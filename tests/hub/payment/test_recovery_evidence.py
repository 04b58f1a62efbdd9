"""The evidence pack holds what is known, and nobody changes a figure of it unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from zoneinfo import ZoneInfo

import orjson
import pytest

from baton.audit.checkpoint import Signer
from baton.audit.public_keys import PublicKeys
from baton.contracts import Finding, Notifier, Promise, Rate
from baton.errors import ApprovalError, TamperedError
from baton.hub import proof
from baton.hub.offboarding.moving import send_messages
from baton.hub.payment.money_back import take_back
from baton.hub.payment.noticing import deliveries, notice
from baton.hub.payment.recovering import find_case
from baton.hub.payment.recovery_evidence import issue_pack, verify_pack, vouchers_of
from baton.model.account import Receipt
from baton.model.handover import Message
from baton.settings_shape import OffboardingPart
from baton.store.messages import may_be_to
from tests.hub.payment.office import Office
from tests.hub.payment.test_recovering import LATE, came_in, late, opened  # noqa: F401 - a fixture
from tests.rig.payroll import PAYROLL
from tests.rig.targets import NoClient, NoSettings
from tests.rig.texting import SMS, add_texts

ACCOUNTS = """
overpayment:
  accounts: {payroll: "2211", receivable: "1221", bank: "1002", loss: "6711", payable: "2241"}
"""


def test_a_pack_holds_the_ledger_the_letters_and_the_cause(late: Office, tmp_path: Path) -> None:  # noqa: F811
    assert late.company.policy is not None
    case = opened(late)
    with pytest.raises(ApprovalError):
        vouchers_of(late.hub, case.id)
    late.company.policy.write_text(late.company.policy.read_text("utf-8") + ACCOUNTS, "utf-8")
    notice(late.hub, case.id, PAYROLL, tmp_path)
    came_in(late, case.reference, "10000.00")
    take_back(late.hub)
    pack = issue_pack(late.hub, case.id, PAYROLL)
    key = proof.public_keys(late.hub)
    content = verify_pack(pack.manifest, key)
    assert content["case"]["open_minor"] == 234_567
    assert [each["what"] for each in content["ledger"]] == ["opened", "letter", "money"]
    assert [(each["version"], each["last_working_day"]) for each in content["told"]] == [(2, "2026-10-31")]
    assert [(each["debit"], each["amount_minor"]) for each in content["vouchers"]] == [
        ("1221", 1_234_567),
        ("1002", 1_000_000),
    ]
    assert "民法典" in pack.page
    assert "10,000.00 CNY" in pack.page
    assert "<script" not in pack.page
    signed = orjson.loads(pack.manifest)
    signed["document"]["case"]["open_minor"] = 1
    for forged in (orjson.dumps(signed), b"[]", b"{}", pack.manifest[:-9], b'{"document": 1, "signature": "zz"}'):
        with pytest.raises(TamperedError):
            verify_pack(forged, key)
    with pytest.raises(TamperedError):
        verify_pack(pack.manifest, PublicKeys(Signer.generate("test/audit").verifier))


class Post(Notifier):
    """Mail by address."""

    title: ClassVar[str] = "Post in memory"
    Settings = NoSettings
    rate: ClassVar[Rate] = Rate(1000, burst=1000)
    promise: ClassVar[Promise] = Promise.BLIND
    message_limit: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__(NoSettings(), NoClient())  # type: ignore[arg-type]
        self.sent: list[Message] = []

    def check(self) -> Sequence[Finding]:
        return []

    def notify(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        self.sent += messages
        return [Receipt.done() for _ in messages]


def test_a_letter_goes_to_the_private_address_of_a_leaver_once_and_its_fate_is_known(
    late: Office,  # noqa: F811
) -> None:
    post = Post()
    settings = late.hub.settings
    late.hub.settings = replace(
        settings,
        systems={**settings.systems, "post": replace(settings.systems["crm"], name="post")},
        offboarding=OffboardingPart(notifiers=("post",)),
    )
    late.hub._connectors["post"] = post
    late.hire("0002", **LATE, work_email="old@example.com")
    case = opened(late)
    with pytest.raises(ApprovalError) as nobody:  # the address here is theirs no more
        notice(late.hub, case.id, PAYROLL)
    assert nobody.value.code == "unreachable"
    late.hire("0002", **LATE, personal_email="new@example.org")
    assert notice(late.hub, case.id, PAYROLL).system == "post"
    (message,) = post.sent
    assert message.address == "new@example.org"
    assert case.reference in message.text
    with late.hub.database.read() as connection:
        (effect,) = late.hub.effects.read(connection, may_be_to("0002"))
    assert effect.fields["person_number"] == "0002", "whose it is is told without opening it"
    (fate,) = deliveries(late.hub, find_case(late.hub, case.id)[1]).values()
    assert fate["state"] == "done"
    notice(late.hub, case.id, PAYROLL)
    assert len(post.sent) == 2


def test_a_text_message_says_that_there_is_a_letter_and_what_the_carrier_tells_is_evidence(
    late: Office,  # noqa: F811
    tmp_path: Path,
) -> None:
    vendor = add_texts(late.hub)
    late.hire("0002", **LATE, mobile="+86 139 0000 0002")
    case = opened(late)
    with pytest.raises(ApprovalError) as nobody:  # a text message is no letter
        notice(late.hub, case.id, PAYROLL)
    assert (nobody.value.code, vendor.outbox) == ("unreachable", [])
    noticed = notice(late.hub, case.id, PAYROLL, tmp_path)
    assert (noticed.system, noticed.announced_by, len(noticed.files)) == ("", SMS, 2)
    ((phone, _, text),) = vendor.outbox
    assert phone == "13900000002"
    assert not any(each in text for each in (case.reference, case.id, "12,345.67", "12345.67", "测试0002"))
    with late.hub.database.read() as connection:
        (effect,) = late.hub.effects.read(connection, may_be_to("0002"))
    assert effect.fields["address"] == ""
    vendor.settle()
    late.company.clock.advance(timedelta(hours=1))
    send_messages(late.hub)
    content = verify_pack(issue_pack(late.hub, case.id, PAYROLL).manifest, proof.public_keys(late.hub))
    told = content["ledger"][-1]["announcement"]
    assert (told["system"], told["state"]) == (SMS, "done")
    assert told["record"] == {
        "biz_id": vendor.sent[0].biz_id,
        "carrier_code": "DELIVERED",
        "delivered_at": f"{vendor.sent[0].reported_at.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d %H:%M:%S}",
    }
    assert content["ledger"][-1]["delivery"] == {}
    assert "13900000002" not in f"{content}"


def test_a_letter_by_mail_is_announced_too_and_a_text_message_that_fails_is_told(late: Office) -> None:  # noqa: F811
    vendor, post = add_texts(late.hub, "post"), Post()
    systems = {**late.hub.settings.systems, "post": replace(late.hub.settings.systems["crm"], name="post")}
    late.hub.settings = replace(late.hub.settings, systems=systems)
    late.hub._connectors["post"] = post
    late.hire("0002", **LATE, personal_email="new@example.org", mobile="13900000002")
    case = opened(late)
    noticed = notice(late.hub, case.id, PAYROLL)
    assert (noticed.system, noticed.announced_by, len(post.sent)) == ("post", SMS, 1)
    vendor.refuse("13900000002")
    late.company.clock.advance(timedelta(hours=1))
    send_messages(late.hub)
    pack = issue_pack(late.hub, case.id, PAYROLL)
    entry = verify_pack(pack.manifest, proof.public_keys(late.hub))["ledger"][-1]
    assert (entry["delivery"]["state"], entry["announcement"]["code"]) == ("done", "carrier_MK:0001")
    assert "carrier_MK:0001" in pack.page
