"""What the bank answers, what is sent at all, and the roster statement, over a real OpenSSH server."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RetryableError
from baton.model.account import AccountRef, AccountState, AccountWrite, Action, Outcome
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.exchange import Exchange
from connectors.bank.host_to_host.simulator import Simulator
from tests.connectors.bank.roster_desk import age, connector, files, outcomes, people, write

pytestmark = pytest.mark.server


# --- the bank's answers


def answer(bank: Simulator, lines: list[tuple[str, str, str, str]], **changes: str) -> None:
    """Plant an acknowledgement for the one file in the drop directory."""
    (name,) = files(bank)
    (bank.out / f"ack_{name}").write_bytes(bank.acknowledgement(name, changes.get("digest", digest_of(bank)), lines))


def digest_of(bank: Simulator) -> str:
    (name,) = files(bank)
    data = (bank.drop / name).read_bytes()
    return data.split(b'"plaintext_sha256":"')[1][:64].decode()


def line(one: AccountWrite, status: str = "APPLIED", reason: str = "") -> tuple[str, str, str, str]:
    return (one.key, status, reason, one.ref.number)


def test_the_bank_refuses_one_line_by_name_and_takes_the_others(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2, 3)
    bank.refuse[str(bank.sample(2)["account_number"])] = "NAME_MISMATCH"
    target.provision(batch)
    bank.process()
    receipts = target.results(batch)
    assert outcomes(receipts) == [Outcome.DONE, Outcome.REFUSED, Outcome.DONE]
    assert receipts[1].code == "name_mismatch"
    assert "holder's name" in receipts[1].remedy
    assert [receipt.external_id for receipt in receipts] == ["0001", "0002", "0003"]
    assert sorted(bank.roster) == ["0001", "0003"]


def test_an_unknown_payee_and_an_older_version_are_refused_by_the_bank(bank: Simulator) -> None:
    target = connector(bank)
    target.provision([write(1, version=5, batch="b1", **bank.sample(1))])
    late = [write(1, Action.UPDATE, version=4, batch="b2", bank_name="旧"), write(2, Action.UPDATE, batch="b2")]
    target.update(late)
    bank.process()
    receipts = target.results(late)
    assert outcomes(receipts) == [Outcome.REFUSED] * 2
    assert [receipt.code for receipt in receipts] == ["stale_version", "payee_unknown"]
    assert list(bank.roster) == ["0001"]
    assert bank.roster["0001"].values["bank_name"] == bank.sample(1)["bank_name"]


def test_results_come_in_the_order_asked_across_batches(bank: Simulator) -> None:
    target = connector(bank)
    first, second = people(bank, 1, 2, batch="a"), people(bank, 3, batch="b")
    bank.refuse[str(bank.sample(1)["account_number"])] = "ACCOUNT_CLOSED"
    target.provision(first)
    bank.process()
    bank.answering = False
    target.provision(second)
    bank.process()
    mixed = [second[0], first[1], first[0]]
    assert outcomes(target.results(mixed)) == [Outcome.ACCEPTED, Outcome.DONE, Outcome.REFUSED]
    bank.answering = True
    bank.process()
    assert outcomes(target.results(mixed)) == [Outcome.DONE, Outcome.DONE, Outcome.REFUSED]


def test_pending_lines_stay_accepted_until_a_newer_answer(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    answer(bank, [line(batch[0]), line(batch[1], "PENDING")])
    assert outcomes(target.results(batch)) == [Outcome.DONE, Outcome.ACCEPTED]
    answer(bank, [line(batch[0]), line(batch[1], "DUPLICATE")])
    assert outcomes(target.results(batch)) == [Outcome.DONE, Outcome.DONE]


def wrong_answers(batch: list[AccountWrite], extra: AccountWrite) -> dict[str, list[tuple[str, str, str, str]]]:
    return {
        "fewer": [line(batch[0])],
        "none": [],
        "extra": [*map(line, batch), line(extra)],
        "other": [line(batch[0]), line(extra)],
        "double": [line(batch[0]), line(batch[1]), line(batch[1])],
    }


@pytest.mark.parametrize("which", ["fewer", "none", "extra", "other", "double"])
def test_an_answer_with_other_lines_than_the_file_settles_nothing(bank: Simulator, which: str) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    answer(bank, wrong_answers(batch, write(3))[which])
    for asked in (batch, batch[:1]):
        for ask in (target.results, target.look_up):
            with pytest.raises(InDoubtError) as caught:
                ask(asked)
            assert caught.value.code == "acknowledgement"


def test_an_answer_about_other_content_settles_nothing(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    answer(bank, [line(batch[0])], digest="0" * 64)
    with pytest.raises(InDoubtError):
        target.results(batch)


@pytest.mark.parametrize(("status", "reason"), [("applied", ""), ("OK", ""), ("", ""), ("REFUSED", "BAD_LUCK")])
def test_an_unknown_word_of_the_bank_is_its_own_loud_error(bank: Simulator, status: str, reason: str) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    answer(bank, [line(batch[0], status, reason)])
    with pytest.raises(HaltError) as caught:
        target.results(batch)
    assert caught.value.code == "unmapped_status"


def test_a_forged_or_displaced_answer_is_refused(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    (name,) = files(bank)
    digest = digest_of(bank)
    good = bank.acknowledgement(name, digest, [line(batch[0])])
    impostor = Simulator(bank.server)
    forgeries = {
        "signed by somebody else": impostor.acknowledgement(name, digest, [line(batch[0])]),
        "damaged": good[:200] + bytes([good[200] ^ 1]) + good[201:],
        "cut": good[:-1],
        "empty": b"",
        "of another file": bank.acknowledgement("roster_bank_0000000000000000.hpf", digest, [line(batch[0])]),
        "a statement": bank.sealed(f"ack_{name}", "baton/payee-roster-statement; profile=generic-1", b"", {}),
        "our own file": (bank.drop / name).read_bytes(),
    }
    for what, data in forgeries.items():
        (bank.out / f"ack_{name}").write_bytes(data)
        age(bank.out / f"ack_{name}")
        with pytest.raises(HaltError) as caught:
            target.results(batch)
        assert caught.value.code == "forged", what
    (bank.out / f"ack_{name}").write_bytes(good)
    assert outcomes(target.results(batch)) == [Outcome.DONE]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_an_answer_that_may_still_be_being_written_is_read_again_later(bank: Simulator, share: float) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    bank.process()
    (name,) = files(bank)
    there = bank.out / f"ack_{name}"
    whole = there.read_bytes()
    there.write_bytes(whole[: int(len(whole) * share)])
    for ask in (target.results, target.look_up):
        with pytest.raises(RetryableError) as caught:
            ask(batch)
        assert caught.value.code == "unfinished"
    age(there)
    with pytest.raises(HaltError) as halted:  # nobody writes at it any more
        target.results(batch)
    assert halted.value.code == "forged"
    there.write_bytes(whole)
    assert outcomes(target.results(batch)) == [Outcome.DONE]


def test_a_statement_that_may_still_be_being_written_is_read_again_later(bank: Simulator) -> None:
    bank.seed([{"payee_number": "0012", **bank.sample(12)}])
    there = max(bank.out.glob("roster_statement_*"))
    there.write_bytes(there.read_bytes()[:-9])
    with pytest.raises(RetryableError) as caught:
        connector(bank).find([AccountRef("0012")])
    assert caught.value.code == "unfinished"


def test_an_answer_to_a_file_never_sent_is_loud(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1)
    target.provision(batch)
    (name,) = files(bank)
    bank.process()
    (bank.drop / name).unlink()
    for call in (target.results, target.look_up, target.provision):
        with pytest.raises(HaltError) as caught:
            call(batch)
        assert caught.value.code == "never_sent"
    finding = next(found for found in target.check() if found.what == "answers to files never sent")
    assert not finding.ok
    assert finding.detail == f"ack_{name}"


@pytest.mark.parametrize("status", ["APPLIED", "DUPLICATE", "PENDING", "REFUSED"])
def test_a_file_refused_as_a_whole_of_which_a_line_was_applied_settles_nothing(bank: Simulator, status: str) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    (name,) = files(bank)
    lines = [line(batch[0], "REFUSED", "FORMAT"), line(batch[1], status, "FORMAT" if status == "REFUSED" else "")]
    said = bank.acknowledgement(name, digest_of(bank), lines, file_reason="FORMAT")
    (bank.out / f"ack_{name}").write_bytes(said)
    if status == "REFUSED":
        assert outcomes(target.results(batch)) == [Outcome.REFUSED] * 2
        return
    for ask in (target.results, target.look_up):
        with pytest.raises(InDoubtError) as caught:
            ask(batch)
        assert caught.value.code == "acknowledgement"


def test_a_file_the_bank_refuses_as_a_whole_refuses_each_line(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    other = Ed25519PrivateKey.generate()
    bank._hub_signing, ours = other, bank._hub_signing
    bank_secrets = dict(bank.secrets)
    bank._hub_signing = ours
    assert bank_secrets["signing_key"] != bank.secrets["signing_key"]
    stranger_target = connector(bank, signing_key=bank_secrets["signing_key"])
    stranger_target.provision(batch)
    bank.process()
    receipts = stranger_target.results(batch)
    assert outcomes(receipts) == [Outcome.REFUSED] * 2
    assert receipts[0].code == "file_signature"
    assert bank.journal == []
    with pytest.raises(HaltError):  # and the rightful sender finds a stranger's file under its name
        target.provision(batch)


# --- what is sent


def test_lines_no_bank_could_take_are_refused_here_and_the_others_go(bank: Simulator) -> None:
    good = people(bank, 1)[0]
    wrong = {
        "account_number": "6222 0000",
        "bank_code": "1021",
        "holder_name": "测试\n甲",
        "currency": "cny",
        "identity_number": "x" * 19,
        "nickname": "甲",
    }
    batch = [good, *(write(n, **{**bank.sample(n), name: wrong[name]}) for n, name in enumerate(wrong, 2))]
    batch.append(write(90, **{name: v for name, v in bank.sample(90).items() if name != "holder_name"}))
    batch.append(write(91, **{**bank.sample(91), "holder_name": None}))
    batch.append(write(92, **{**bank.sample(92), "account_tail": "9999"}))
    batch.append(write(93, **{**bank.sample(93), "holder_name": " 测试"}))
    target = connector(bank)
    receipts = target.provision(batch)
    assert outcomes(receipts) == [Outcome.ACCEPTED] + [Outcome.REFUSED] * 10
    assert not any("测试" in receipt.message + receipt.remedy for receipt in receipts)
    bank.process()
    assert list(bank.roster) == ["0001"]
    assert outcomes(target.results(batch)) == [Outcome.DONE] + [Outcome.REFUSED] * 10
    assert outcomes(target.provision([write(5, batch="none", bank_code="1")])) == [Outcome.REFUSED]
    assert len(files(bank)) == 1


def test_fields_not_given_stay_and_none_clears(bank: Simulator) -> None:
    target = connector(bank)
    target.provision(people(bank, 1))
    target.update([write(1, Action.UPDATE, batch="b2", version=2, bank_name=None)])
    for _ in range(2):
        bank.process()
    (account,) = target.find([AccountRef("0001")])
    assert account is not None
    assert account.fields["bank_name"] is None
    assert account.fields["holder_name"] == bank.sample(1)["holder_name"]


def test_writes_of_several_batches_make_several_files(bank: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    target = connector(bank)
    mixed = [people(bank, n, batch=f"b{n % 2}")[0] for n in range(1, 6)]
    put_once = Exchange.put_once
    calls = []

    def fail_the_second(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise RetryableError("gone", code="unreachable")
        put_once(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Exchange, "put_once", fail_the_second)
        with pytest.raises(InDoubtError):  # the first file is there: not "nothing happened"
            target.provision(mixed)
    assert len(files(bank)) == 1
    assert outcomes(target.provision(mixed)) == [Outcome.ACCEPTED] * 5
    assert len(files(bank)) == 2
    bank.process()
    assert outcomes(target.results(mixed)) == [Outcome.DONE] * 5
    assert len(bank.journal) == 5


def test_nothing_personal_is_readable_on_the_server(bank: Simulator) -> None:
    target, batch = connector(bank), people(bank, 1, 2)
    target.provision(batch)
    bank.process()
    secrets = [str(value) for one in batch for name, value in one.fields.items() if name != "currency"]
    secrets += [one.ref.number for one in batch]
    contents = [path.read_bytes() for path in bank.server.root.rglob("*.hpf")]
    names = " ".join(path.name for path in bank.server.root.rglob("*"))
    assert len(contents) == 4
    for secret in secrets:
        if len(secret) > 4:
            assert not any(secret.encode() in content for content in contents)
            assert secret not in names


# --- the roster statement


def test_scan_reads_the_newest_statement_and_insists_on_a_fresh_one(bank: Simulator) -> None:
    target = connector(bank)
    bank.seed([{"payee_number": "0012", "status": "SUSPENDED", **bank.sample(12)}])
    assert [(a.number, a.state) for a in target.scan()] == [("0012", AccountState.DISABLED)]

    class Later:
        def now(self) -> datetime:
            return datetime.now(UTC) + timedelta(hours=49)

        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(time.sleep)

    later = Client(EgressRule.for_urls([bank.server.url], allow_private=True), clock=Later())
    with pytest.raises(RetryableError) as caught:
        HostToHost(target.settings, later).find([AccountRef("0012")])
    assert caught.value.code == "stale_statement"
    statements = sorted(bank.out.glob("roster_statement_*"))
    statements[0].rename(bank.out / "roster_statement_99991231T235959Z_000001.hpf")
    with pytest.raises(HaltError) as halted:  # an old statement under a new name
        target.find([AccountRef("0012")])
    assert halted.value.code == "forged"
    for path in bank.out.iterdir():
        path.unlink()
    with pytest.raises(RetryableError) as caught:
        target.find([AccountRef("0012")])
    assert caught.value.code == "no_statement"
