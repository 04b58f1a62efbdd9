"""Payables handed in by the API: the rules of a payroll file, and a typed error for every line that breaks one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from baton.hub.payment.drafting import Drafting, draft_file
from baton.model.pay_run import LineState
from baton.model.payable import Component
from tests.console.payments_desk import Counter, counter
from tests.hub.payment.office import BANK, PAY_DAY
from tests.rig.erp import Erp
from tests.rig.payment_pages import OPERATOR
from tests.rig.payroll import DIRECTOR, HR, MAKER, PAYROLL, TREASURY, card

GOOD = {"number": "0001", "amount": "8,000.00"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    with counter(tmp_path_factory.mktemp("intake"), Erp()) as found:
        found.office.hire("0001", "0002", "0003", "0004")
        yield found


@pytest.fixture(autouse=True)
def _free(desk: Counter) -> Iterator[None]:
    """Whatever a test has drafted is given up again."""
    yield
    for run in desk.get("/api/payments", DIRECTOR).json()["runs"]:
        if run["state"] == "held":
            desk.act(run["id"], DIRECTOR, "cancel")


def runs_there(desk: Counter) -> int:
    with desk.office.hub.database.read() as connection:
        return len(desk.office.hub.pay_runs.latest(connection, 200))


def test_payables_are_drafted_in_the_persons_name_and_completed_by_hr(desk: Counter) -> None:
    said = {"number": "0002", "amount": "12345.67", "holder": "测试0002", "account": card(2), "remark": "十一月"}
    answer = desk.hand_in(PAYROLL, GOOD, said, count="2", total_minor="2034567")
    assert (answer.status_code, answer.json()["lines"]) == (201, 2)
    assert (answer.json()["left_out"], answer.json()["errors"]) == ([], [])
    first, second = desk.office.lines(answer.json()["run"])
    assert (first.payable.amount_minor, first.payable.payee.account, first.payable.place) == (800_000, card(1), "api:1")
    assert (second.payable.remark, second.state) == ("十一月", LineState.DRAFT)
    found = desk.document(answer.json()["run"], PAYROLL)
    assert (found["run"]["made_by"], found["run"]["totals"]) == (PAYROLL, {"declared": "20,345.67 CNY"})
    assert desk.act(answer.json()["run"], PAYROLL, "sign", role="payroll").status_code in (403, 409)


def test_the_same_payable_is_drafted_once_however_it_comes(desk: Counter) -> None:
    desk.office.draft({"0001": "1.00"})
    answer = desk.hand_in(PAYROLL, GOOD, {"number": "0002", "amount": "5"}, {"number": "0002", "amount": "6"})
    assert (answer.status_code, answer.json()["lines"]) == (201, 1)
    assert answer.json()["left_out"] == [{"row": 1, "code": "claimed"}, {"row": 3, "code": "doubled"}]


@pytest.mark.parametrize("name", ["测　三", "测\u00a0三", "测\U00031350", "测\ue863", "Ó Test", "测·三"])
def test_names_that_a_payroll_file_takes_are_taken(desk: Counter, name: str) -> None:
    answer = desk.hand_in(PAYROLL, {"number": "0002", "amount": "5", "holder": name, "account": card(2)})
    assert (answer.status_code, answer.json()["errors"]) == (201, [])
    (handed,) = desk.office.lines(answer.json()["run"])
    file = desk.office.company.folder / "same.csv"
    file.write_text(f"工号,实发,户名,账号\n0002,5,{name},{card(2)}\n", "utf-8")
    drafting = Drafting(BANK, Component.SALARY, "2026-11", PAY_DAY, MAKER)
    (filed,) = draft_file(desk.office.hub, drafting, file).lines
    assert handed.payable.payee.holder == filed.payable.payee.holder


def test_a_mark_before_the_first_line_is_no_part_of_it(desk: Counter) -> None:
    first = b"\xef\xbb\xbf" + json.dumps(GOOD).encode()
    answer = desk.hand_in(PAYROLL, first, {"number": "0002", "amount": "5"})
    assert (answer.status_code, answer.json()["lines"], answer.json()["errors"]) == (201, 2, [])


BAD: list[tuple[Any, str]] = [
    (b"{", "not_json"),
    (b"[1]", "not_an_object"),
    (b"\xff", "not_json"),
    (b"[" * 100_000, "not_json"),
    (b'{"number": "0002", "amount": "1", "amount": "2"}', "double_key"),
    ({"amount": "1"}, "missing"),
    ({"number": "0002"}, "missing"),
    ({"number": "", "amount": "1"}, "missing"),
    ({"number": "0002", "amount": 8000}, "not_text"),
    ({"number": "0002", "amount": 80.5}, "not_text"),
    ({"number": 2, "amount": "1"}, "not_text"),
    ({"number": "0002", "amount": "1", "salary": "2"}, "unknown_key"),
    ({"number": "0002", "amount": "1", "remark": "a\u0000b"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\u200b三"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\t三"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\ufeff三"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\u2028三"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\ufdd0三"}, "not_printable"),
    ({"number": "0002", "amount": "1", "holder": "张\U0001ffff三"}, "not_printable"),
    (b'{"number": "0002", "amount": "1", "remark": "\\ud800"}', "not_json"),
    ({"number": "0002", "amount": "1", "remark": "x" * 501}, "field_too_long"),
    ({"number": "0002", "amount": "1e3"}, "amount"),
    ({"number": "0002", "amount": "NaN"}, "amount"),
    ({"number": "0002", "amount": "1.234"}, "amount"),
    ({"number": "0002", "amount": "9" * 18}, "amount"),
    ({"number": "0002", "amount": "1", "currency": "USD"}, "other_currency"),
    ({"number": "0002", "amount": "1", "component": "gift"}, "component"),
    ({"number": "合计", "amount": "1"}, "total_row"),
    ({"number": "0002", "amount": "1", "account": "6.2220000E+18"}, "precision_lost"),
]


def test_every_line_that_cannot_be_read_is_named_and_in_no_run(desk: Counter) -> None:
    answer = desk.hand_in(PAYROLL, GOOD, b"", *(line for line, _ in BAD), {"number": "0004", "amount": "7"})
    assert answer.status_code == 201
    assert [(error["row"], error["code"]) for error in answer.json()["errors"]] == [
        (row, code) for row, (_, code) in enumerate(BAD, start=3)
    ]
    places = [each.payable.place for each in desk.office.lines(answer.json()["run"])]
    assert places == ["api:1", f"api:{len(BAD) + 3}"]


@pytest.mark.parametrize(("line", "code"), BAD)
def test_a_body_without_a_line_that_can_be_read_drafts_nothing(desk: Counter, line: Any, code: str) -> None:
    before = runs_there(desk)
    alone = desk.hand_in(PAYROLL, line)
    assert (alone.status_code, alone.json()["code"]) == (422, "no_rows")
    assert [(error["row"], error["code"]) for error in alone.json()["errors"]] == [(1, code)]
    assert runs_there(desk) == before


def test_an_error_repeats_nothing_of_the_line(desk: Counter) -> None:
    answer = desk.hand_in(PAYROLL, {"number": "0002", "amount": "7777777x", "account": card(2), "holder": "测试密"})
    assert [text for text in ("7777777", card(2), "测试密", "0002") if text in answer.text] == []


def test_a_body_full_of_rubbish_is_refused_as_a_whole(desk: Counter) -> None:
    before = runs_there(desk)
    answer = desk.hand_in(PAYROLL, GOOD, *[b"{"] * 1001)
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_faults")
    assert desk.hand_in(PAYROLL).json()["code"] == "no_rows"
    assert runs_there(desk) == before


@pytest.mark.parametrize(
    "query",
    [
        {"period": "2026-13"},
        {"on": "tomorrow"},
        {"currency": "yuan"},
        {"component": "gift"},
        {"by": "me"},
        {"count": "9" * 30},
    ],
)
def test_a_run_that_makes_no_sense_is_refused(desk: Counter, query: dict[str, str]) -> None:
    before = runs_there(desk)
    assert desk.hand_in(PAYROLL, GOOD, **query).status_code == 422
    assert runs_there(desk) == before


def test_a_systems_payables_are_drafted_and_placed_by_its_own_records(desk: Counter) -> None:
    erp = desk.office.company.erp
    erp.approved = [
        {"number": "0001", "amount": "8000.00", "place": "P-1"},
        {"number": "0001", "amount": "1.00", "place": "P-2"},
        {"number": "0002", "amount": "1.001", "place": "P-3"},
    ]
    answer = desk.hand_in(PAYROLL, source="erp")
    assert (answer.status_code, answer.json()["lines"]) == (201, 1)
    assert answer.json()["left_out"] == [{"place": "erp:P-2", "code": "doubled"}]
    assert [(each["place"], each["code"]) for each in answer.json()["errors"]] == [("erp:P-3", "amount")]
    assert desk.hand_in(PAYROLL, GOOD, source="erp").json()["code"] == "body_and_source"
    before = runs_there(desk)
    no_source, nothing = desk.hand_in(PAYROLL, source="bank"), desk.hand_in(PAYROLL, source="nowhere")
    assert (no_source.status_code, no_source.json()["code"]) == (422, "capability")
    assert (nothing.status_code, nothing.json()["code"]) == (422, "unknown_system")
    assert desk.hand_in(TREASURY, source="erp").status_code == 403
    assert runs_there(desk) == before


def test_a_system_that_has_approved_nothing_is_told(desk: Counter) -> None:
    before = runs_there(desk)
    desk.office.company.erp.approved = []
    answer = desk.hand_in(PAYROLL, source="erp")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_rows")
    assert runs_there(desk) == before


def test_the_same_request_is_answered_with_the_run_it_has(desk: Counter) -> None:
    first = desk.hand_in(PAYROLL, GOOD, {"number": "0002", "amount": "x"}, request="november-1")
    again = desk.hand_in(PAYROLL, GOOD, {"number": "0002", "amount": "x"}, request="november-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.json()["lines"] == 1
    of_another_person = desk.hand_in(MAKER, GOOD, request="november-1").json()
    assert of_another_person["run"] != first.json()["run"]
    assert of_another_person["left_out"] == [{"row": 1, "code": "claimed"}]


def test_the_same_request_with_another_body_is_a_conflict(desk: Counter) -> None:
    assert desk.hand_in(PAYROLL, GOOD, request="november-2").status_code == 201
    before = runs_there(desk)
    other = desk.hand_in(PAYROLL, {**GOOD, "amount": "9000.00"}, request="november-2")
    assert (other.status_code, other.json()["code"]) == (409, "other_request")
    assert runs_there(desk) == before


def test_an_unknown_bank_is_told(desk: Counter) -> None:
    for name, code in (("crm", "unknown_bank"), ("nowhere", "unknown_system")):
        answer = desk.hand_in(PAYROLL, GOOD, bank=name)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "bank" in answer.json()["detail"]


def test_too_much_is_refused_before_it_is_read(desk: Counter) -> None:
    before = runs_there(desk)
    assert desk.hand_in(PAYROLL, b" " * (32 * 1024 * 1024 + 1)).status_code == 413
    assert runs_there(desk) == before


@pytest.mark.parametrize(
    ("person", "status"),
    [(PAYROLL, 201), (MAKER, 201), (OPERATOR, 201), (TREASURY, 403), (HR, 403), (DIRECTOR, 403), ("nobody-zhao", 403)],
)
def test_who_may_hand_in(desk: Counter, person: str, status: int) -> None:
    before = runs_there(desk)
    answer = desk.hand_in(person, GOOD)
    assert answer.status_code == status
    assert runs_there(desk) == before + (status == 201)


def test_many_payables_are_taken_at_once(desk: Counter) -> None:
    answer = desk.hand_in(PAYROLL, *({"number": f"{n:05d}", "amount": "100.00"} for n in range(300)))
    assert (answer.status_code, answer.json()["lines"]) == (201, 300)
