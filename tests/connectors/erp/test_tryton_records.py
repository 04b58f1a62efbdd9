"""Tryton's parties as records, against a real server; what it holds is read back by other code."""

from __future__ import annotations

import httpx
import pytest

from baton.sdk import InDoubtError, Outcome, RecordTarget, RetryableError
from tests.connectors.erp.tryton_records import PERSON, START, told

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]


def test_a_party_reads_back_as_it_was_inserted(desk):
    assert told(desk.insert({"code": "1", **PERSON}, {"code": "2", **dict.fromkeys(PERSON), "active": False})) == [
        "done",
        "done",
    ]
    found = desk.fetch(desk.parties_, ["1", "2", "404"], list(PERSON))
    assert found["1"] == PERSON
    assert {name: value for name, value in found["2"].items() if value is not None} == {"active": False}
    assert desk.parties()["1"]["name"] == "测试甲"
    assert sorted(desk.contacts("1")) == [
        ("email", "a@example.test"),
        ("mobile", "13800000001"),
        ("phone", "010-00000001"),
    ]


def test_two_thousand_records_take_few_calls(desk):
    numbers = [f"{n:05}" for n in range(2000)]
    for start in range(0, 2000, 200):
        rows = [{"code": n, "name": f"测试{n}", "mobile": "13800000001"} for n in numbers[start : start + 200]]
        assert set(told(desk.insert(*rows))) == {"done"}
    calls = len(desk.wire.methods)
    assert calls <= 1 + 10 * 2
    assert len(desk.fetch(desk.parties_, numbers, ["name", "mobile"])) == 2000
    assert len(desk.wire.methods) - calls == 4 * 2
    assert desk.connector.count(desk.parties_) >= 2000


def test_inserting_what_exists_is_refused_and_changes_nothing(desk):
    desk.insert({"code": "1", "name": "测试甲"})
    receipts = desk.insert(
        {"code": "1", "name": "测试乙"}, {"code": "2", "name": "测试丙"}, {"code": "2", "name": "丁"}
    )
    assert told(receipts) == [RecordTarget.CHANGED, "done", RecordTarget.CHANGED]
    assert {number: row["name"] for number, row in desk.parties().items()} == {"1": "测试甲", "2": "测试丙"}


def test_a_code_taken_between_look_and_insert_is_refused_alone(desk):
    desk.wire.before["model.party.party.create"] = lambda: desk.admin.call(
        "party.party.create", [{"code": desk.key("2"), "name": "他人"}]
    )
    assert told(desk.insert(*({"code": f"{n}", "name": "测试"} for n in range(1, 5)))) == [
        "done",
        RecordTarget.CHANGED,
        "done",
        "done",
    ]
    assert desk.parties()["2"]["name"] == "他人"


def test_an_unknown_language_and_an_unfit_key_are_refused_by_name(desk):
    rows = [{"code": "1", "lang": "xx"}, {"code": "2 ", "lang": None}, {"code": "3", "lang": "en"}]
    assert told(desk.insert(*rows)) == ["unknown_language", "unfit_key", "done"]


def test_update_sets_the_given_fields_and_only_those(desk):
    desk.insert({"code": "1", **PERSON})
    before = {"name": "测试甲", "active": True, "mobile": "13800000001", "email": "a@example.test", "city": "上海"}
    after = {"name": "测试乙", "active": False, "mobile": None, "email": "b@example.test", "city": None}
    receipts = desk.update(desk.parties_, [{"code": "1", **after}], [{"code": "1", **before}])
    assert told(receipts) == ["done"]
    assert desk.fetch(desk.parties_, ["1"], list(PERSON))["1"] == PERSON | after
    restored = desk.update(desk.parties_, [{"code": "1", **before}], [{"code": "1", **after}])
    assert told(restored) == ["done"]
    assert desk.fetch(desk.parties_, ["1"], list(PERSON))["1"] == PERSON


def test_an_inactive_party_is_changed_and_stays_inactive(desk):
    desk.insert(
        {"code": "1", "active": False, **{k: PERSON[k] for k in ("name", "email")}}, {"code": "2", "active": False}
    )
    rows = [{"code": "1", "name": "新", "email": None}, {"code": "2", "name": "新", "email": "b@example.test"}]
    before = [{"code": "1", "name": "测试甲", "email": "a@example.test"}, {"code": "2", "name": None, "email": None}]
    assert told(desk.update(desk.parties_, rows, before)) == ["done", "done"]
    assert desk.fetch(desk.parties_, ["1", "2"], ["name", "email", "active"]) == {
        "1": {"name": "新", "email": None, "active": False},
        "2": {"name": "新", "email": "b@example.test", "active": False},
    }


def test_an_inactive_party_whose_change_is_refused_is_inactive_afterwards(desk):
    desk.insert({"code": "1", "name": "测试甲", "active": False}, {"code": "2", "name": "测试乙", "active": False})
    rows = [{"code": "1", "name": "新", "email": "nonsense"}, {"code": "2", "name": "新", "email": "b@example.test"}]
    before = [{"code": "1", "name": "测试甲", "email": None}, {"code": "2", "name": "测试乙", "email": None}]

    def meddle():
        desk.wire.before["model.party.party.write"] = lambda: desk.admin.call(
            "party.party.write", [desk.parties()["1"]["id"]], {"name": "他人改"}
        )

    desk.wire.before["model.party.party.write"] = meddle
    receipts = desk.update(desk.parties_, rows, before)
    assert [receipt.outcome for receipt in receipts] == [Outcome.NOT_PERFORMED, Outcome.DONE]
    found = desk.parties()
    assert {n: (found[n]["name"], found[n]["active"]) for n in ("1", "2")} == {
        "1": ("他人改", False),
        "2": ("新", False),
    }


@pytest.mark.parametrize("at", ["model.party.party.search_read", "model.party.party.write"])
def test_an_inactive_party_whose_change_cannot_be_sent_is_inactive_afterwards(desk, at):
    """The server goes away once, right after the party was activated."""
    desk.insert({"code": "1", "name": "测试甲", "active": False})

    def gone():
        raise httpx.ConnectError("gone")

    # the write that activates is let through and arms the fault for the call that comes next
    desk.wire.before["model.party.party.write"] = lambda: desk.wire.before.update({at: gone})
    with pytest.raises(RetryableError):
        desk.update(desk.parties_, [{"code": "1", "name": "新"}], [{"code": "1", "name": "测试甲"}])
    party = desk.parties()["1"]
    assert (party["name"], party["active"]) == ("测试甲", False)
    assert told(desk.update(desk.parties_, [{"code": "1", "name": "新"}], [{"code": "1", "name": "测试甲"}])) == [
        "done"
    ]


def test_a_record_that_is_not_as_expected_is_refused_and_left(desk):
    desk.insert({"code": "1", "name": "测试甲"}, {"code": "2", "name": "测试乙"})
    rows = [{"code": n, "name": "新"} for n in ("1", "2", "3")]
    before = [{"code": "1", "name": "测试甲"}, {"code": "2", "name": "早先"}, {"code": "3", "name": "无"}]
    receipts = desk.update(desk.parties_, rows, before)
    assert told(receipts) == ["done", RecordTarget.CHANGED, RecordTarget.CHANGED]
    assert all(receipt.remedy for receipt in receipts[1:])
    assert {number: row["name"] for number, row in desk.parties().items()} == {"1": "新", "2": "测试乙"}


@pytest.mark.parametrize("part", ["party", "contact"])
def test_a_change_between_comparison_and_write_is_never_overwritten(desk, part):
    desk.insert(
        {"code": "1", "name": "测试甲", "email": "a@example.test"}, {"code": "2", "name": "测试乙", "email": None}
    )

    def meddle():
        if part == "party":
            desk.admin.call("party.party.write", [desk.parties()["1"]["id"]], {"name": "他人改"})
        else:
            domain = [["party.code", "=", desk.key("1")]]
            (contact,) = desk.admin.rows("party.contact_mechanism", domain, ["id"])
            desk.admin.call("party.contact_mechanism.write", [contact["id"]], {"value": "other@example.test"})

    desk.wire.before["model.party.party.write"] = meddle
    rows = [{"code": n, "name": "新", "email": "new@example.test"} for n in ("1", "2")]
    before = [
        {"code": "1", "name": "测试甲", "email": "a@example.test"},
        {"code": "2", "name": "测试乙", "email": None},
    ]
    receipts = desk.update(desk.parties_, rows, before)
    assert [receipt.outcome for receipt in receipts] == [Outcome.NOT_PERFORMED, Outcome.DONE]
    assert told(desk.update(desk.parties_, rows[:1], before[:1])) == [RecordTarget.CHANGED]
    found = desk.fetch(desk.parties_, ["1"], ["name", "email"])["1"]
    assert found == (
        {"name": "他人改", "email": "a@example.test"}
        if part == "party"
        else {"name": "测试甲", "email": "other@example.test"}
    )


def test_one_of_several_contacts_is_changed_but_not_cleared(desk):
    desk.insert({"code": "1", "email": "a@example.test"})
    party = desk.parties()["1"]["id"]
    second = {"party": party, "type": "email", "value": "second@example.test"}
    desk.admin.call("party.contact_mechanism.create", [second])
    before = [{"code": "1", "email": "a@example.test"}]
    assert told(desk.update(desk.parties_, [{"code": "1", "email": None}], before)) == ["several_contacts"]
    assert told(desk.update(desk.parties_, [{"code": "1", "email": "b@example.test"}], before)) == ["done"]
    assert sorted(desk.contacts("1")) == [("email", "b@example.test"), ("email", "second@example.test")]


def test_an_answer_lost_after_a_write_is_in_doubt_and_a_look_tells(desk):
    desk.wire.lose = "model.party.party.create"
    with pytest.raises(InDoubtError):
        desk.insert({"code": "1", "name": "测试甲"})
    assert desk.fetch(desk.parties_, ["1"], ["name"]) == {"1": {"name": "测试甲"}}
    assert told(desk.insert({"code": "1", "name": "测试甲"})) == [RecordTarget.CHANGED]


def test_delete_takes_out_what_is_as_expected_and_what_is_gone_is_done(desk):
    desk.insert({"code": "1", "name": "测试甲"}, {"code": "2", "name": "测试乙"})
    receipts = desk.delete(
        desk.parties_, {"code": "1", "name": "测试甲"}, {"code": "2", "name": "早先"}, {"code": "3", "name": "无"}
    )
    assert told(receipts) == ["done", RecordTarget.CHANGED, "done"]
    assert list(desk.parties()) == ["2"]


def test_a_change_between_comparison_and_delete_keeps_the_record(desk):
    desk.insert({"code": "1", "name": "测试甲"})
    desk.wire.before["model.party.party.delete"] = lambda: desk.admin.call(
        "party.party.write", [desk.parties()["1"]["id"]], {"name": "他人改"}
    )
    (receipt,) = desk.delete(desk.parties_, {"code": "1", "name": "测试甲"})
    assert receipt.outcome is Outcome.NOT_PERFORMED
    assert desk.parties()["1"]["name"] == "他人改"


def test_a_party_in_use_is_refused_by_name_and_its_neighbours_go(desk):
    desk.insert(*({"code": f"{n}", "name": "测试"} for n in range(4)))
    desk.hire({"party": "2", "start_date": START})
    receipts = desk.delete(desk.parties_, *({"code": f"{n}", "name": "测试"} for n in range(4)))
    assert told(receipts) == ["done", "done", "in_use", "done"]
    assert receipts[2].remedy
    assert list(desk.parties()) == ["2"]
