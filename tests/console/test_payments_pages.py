"""Pay runs on pages and by API: who sees what, who may do what, and what a refusal says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baton.jobs.payment.roles import Role
from baton.languages import Language
from baton.model.people import EmploymentStatus
from baton.store.runs import RunState
from tests.console.payments_desk import Counter, counter, counter_with_a_stranger
from tests.hub.payment.office import PAY_DAY
from tests.rig.payment_pages import OPERATOR, PERSON
from tests.rig.payroll import CNAPS, DIRECTOR, HR, MAKER, PAYROLL, TREASURY, card

TYPED = "测试理由䶮"
AMOUNTS = ("8000.00", "12345.67")
OFFICERS = (MAKER, PAYROLL, TREASURY, HR, DIRECTOR)
EVERYBODY = (*OFFICERS, "nobody-zhao", OPERATOR)
MAY = {
    "sign": {(PAYROLL, "payroll"), (TREASURY, "treasury")},
    "waive": {(HR, "hr")},
}
"""Person and office for which the act is allowed, of all persons in all offices."""
GETS = ("/payments", "/payments/RUN", "/api/payments", "/api/payments/RUN", "/api/payments/RUN/lines")
MONTHS = ("/payments/months/2026-11", "/api/payments/months/2026-11")
OF_PEOPLE = ("8,000.00", "12,345.67", "20,345.67")


Pay = dict[str, str]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """One office for all tests: each pays people of its own."""
    with counter(tmp_path_factory.mktemp("payments")) as found:
        yield found


@pytest.fixture(scope="module")
def newcomers() -> Iterator[int]:
    return count(1001)


@pytest.fixture
def two(desk: Counter, newcomers: Iterator[int]) -> Pay:
    """Two people nobody has paid yet, and what they get."""
    numbers = [str(next(newcomers)) for _ in AMOUNTS]
    desk.office.hire(*numbers)
    return dict(zip(numbers, AMOUNTS, strict=True))


def with_a_hold(desk: Counter, number: str) -> tuple[str, str]:
    """A checked run in which HR has to say something about a name, and the finding's key."""
    said = {"number": number, "amount": "8000", "holder": "测试某", "account": card(int(number)), "bank_code": CNAPS}
    run_id = desk.hand_in(MAKER, said).json()["run"]
    desk.office.check(run_id)
    (key,) = [each["key"] for each in desk.document(run_id, HR)["findings"] if each["rule"] == "holder_differs"]
    return run_id, key


# --- looking


def test_everybody_looks_and_only_officers_see_people_and_amounts(desk: Counter, two: Pay) -> None:
    run_id = desk.office.signed(two)
    for path in (*GETS, *MONTHS):
        for person in EVERYBODY:
            answer = desk.get(path.replace("RUN", run_id), person)
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
            # Nobody sees a name or an account.
            secret = [text for number in two for text in (f"测试{number}", card(int(number)))]
            assert [text for text in secret if text in answer.text] == []
            if person not in OFFICERS:
                assert [text for text in (*OF_PEOPLE, *two) if f">{text}" in answer.text] == []
                assert [text for text in (*OF_PEOPLE, *two) if f'"{text}' in answer.text] == []
    shown = desk.get(f"/payments/{run_id}", TREASURY).text
    assert [text for text in (*OF_PEOPLE, *two, *(card(int(n))[-4:] for n in two)) if text not in shown] == []
    assert "测••" in shown


def test_the_document_tells_files_signatures_and_what_is_missing(desk: Counter, two: Pay) -> None:
    run_id = desk.office.prepared(two)
    desk.act(run_id, TREASURY, "sign", role="treasury")
    found = desk.document(run_id, PAYROLL)
    (file,) = found["files"]
    with desk.office.hub.database.read() as connection:
        (kept,) = desk.office.hub.pay_runs.files(connection, run_id)
    assert (file["plain_sha256"], file["sealed_sha256"]) == (kept.plain_digest, kept.sealed_digest)
    assert (file["lines"], file["total"], file["delivery"]) == (2, "20,345.67 CNY", "held")
    assert found["run"]["lines"] == {"filed": 2}
    assert found["run"]["totals"] == {"payable": "20,345.67 CNY", "filed": "20,345.67 CNY"}
    assert [(each["by"], each["role"], each["void"]) for each in found["signatures"]] == [(TREASURY, "treasury", "")]
    assert (found["missing"], found["may"]["sign_as"]) == (["payroll"], ["payroll"])
    assert desk.document(run_id, TREASURY)["may"]["sign_as"] == []
    desk.office.build(run_id)
    (void,) = desk.document(run_id, PAYROLL)["signatures"]
    assert void["void"] == "another_file"
    page = desk.get(f"/payments/{run_id}?lang=zh", PAYROLL).text
    assert "无效: 文件已变化，请查看后重新签署。" in page
    assert "还需签署：薪资, 资金" in page


@pytest.mark.parametrize(
    ("language", "reason"), [("ja", "支払える明細がありません"), ("ko", "지급할 수 있는 내역이 없습니다")]
)
def test_findings_and_what_keeps_a_run_are_said_in_the_readers_language(
    desk: Counter, two: Pay, language: Language, reason: str
) -> None:
    run_id, _ = with_a_hold(desk, next(iter(two)))
    page = desk.get(f"/payments/{run_id}?lang={language}", DIRECTOR).text
    found = desk.client.get(f"/api/payments/{run_id}", headers={PERSON: DIRECTOR, "Accept-Language": language}).json()
    assert [each["message"] for each in found["findings"] if each["message"] not in page] == []
    assert [each["message"] for each in found["findings"] if not re.search("[가-힣ぁ-ん]", each["message"])] == []
    assert reason in page


def test_findings_tell_who_may_waive_and_others_see_only_how_many(desk: Counter, two: Pay) -> None:
    run_id, _ = with_a_hold(desk, next(iter(two)))
    found = desk.document(run_id, DIRECTOR)
    (hold,) = [each for each in found["findings"] if each["severity"] == "hold"]
    assert (hold["rule"], hold["may_waive"], hold["yours_in"]) == ("holder_differs", ["hr"], [])
    assert hold["person"] == next(iter(two))
    assert 'value="waive"' in desk.get(f"/payments/{run_id}", HR).text
    assert 'value="waive"' not in desk.get(f"/payments/{run_id}", DIRECTOR).text
    plain = desk.document(run_id, OPERATOR)
    assert (plain["findings"], plain["findings_total"]) == ([], len(found["findings"]))
    assert plain["counted"][0] == {"severity": "hold", "rule": "holder_differs", "count": 1}


def test_a_run_is_read_in_the_same_number_of_queries_whatever_its_size(desk: Counter, two: Pay) -> None:
    many = {f"{n:04d}": "100.00" for n in range(2001, 2131)}
    desk.office.hire(*many)
    small, large = desk.office.prepared(two), desk.office.prepared(many)
    asked: list[str] = []
    sa.event.listen(desk.office.hub.database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    counts = []
    for path in (f"/payments/{small}", f"/payments/{large}", "/payments", "/payments"):
        asked.clear()
        assert desk.get(path, TREASURY).status_code == 200
        counts.append(len(asked))
        if path == "/payments":
            desk.office.draft({"2200": "1.00"})
    assert counts[0] == counts[1] < 20
    assert counts[2] == counts[3] < 10


def test_lines_and_findings_come_a_page_at_a_time(desk: Counter, two: Pay) -> None:
    many = {f"{n:04d}": "100.00" for n in range(3001, 3129)}
    run_id = desk.office.draft({**many, **two}).run.run_id  # HR knows two of them: each of the others is a finding
    desk.office.check(run_id)
    after, seen = 0, []
    while after is not None:
        page = desk.get(f"/api/payments/{run_id}/lines?after={after}", PAYROLL).json()
        seen += [line["line"] for line in page["lines"]]
        after = page["next"]
    assert seen == list(range(1, 131))
    state = desk.get(f"/api/payments/{run_id}/lines?state=draft", PAYROLL).json()["lines"]
    assert {line["person"] for line in state} <= set(two)
    total = desk.document(run_id, PAYROLL)["findings_total"]
    pages = [
        desk.get(f"/api/payments/{run_id}?findings_after={skipped}", PAYROLL).json()["findings"]
        for skipped in range(0, total, 50)
    ]
    keys = [finding["key"] for page in pages for finding in page]
    assert len(set(keys)) == len(keys) == total > 100
    html = desk.get(f"/payments/{run_id}?findings_after=50&after=50", PAYROLL).text
    assert "findings_after=100" in html
    assert "after=100" in html


def test_another_language_shows_the_same_part_of_the_run(desk: Counter, two: Pay) -> None:
    """The state and the place in the list that somebody looks at stay."""
    run_id = desk.office.draft(two).run.run_id
    shown = desk.get(f"/payments/{run_id}?state=draft&after=1&lang=en", PAYROLL).text
    assert 'href="?state=draft&amp;after=1&amp;lang=zh"' in shown


@pytest.mark.parametrize("path", ["/payments/no-such-run", "/api/payments/no-such-run", "/api/payments/x/lines"])
def test_an_unknown_run_is_not_found(desk: Counter, path: str) -> None:
    assert desk.get(path, TREASURY).status_code == 404
    assert desk.act("no-such-run", TREASURY, "sign", role="treasury").status_code == 404


# --- doing


@pytest.mark.parametrize("act", MAY)
def test_every_person_in_every_office_only_who_may_is_let(desk: Counter, two: Pay, act: str) -> None:
    """All persons in all offices; those who may come last, so that every refusal met the run as it was."""
    run_id, key = with_a_hold(desk, next(iter(two))) if act == "waive" else (desk.office.prepared(two), "")
    more = {"finding": key} if key else {}
    before, allowed = desk.standing(run_id), []
    everyone = [(person, role.value) for person in EVERYBODY for role in Role]
    for person, role in sorted(everyone, key=lambda pair: pair in MAY[act]):
        answer = desk.act(run_id, person, act, role=role, **more)
        if answer.status_code == 200:
            allowed.append((person, role))
        else:
            assert answer.status_code in (403, 409)
            assert answer.json()["remedy"]
            assert desk.standing(run_id) == before
    assert set(allowed) == MAY[act]


@pytest.mark.parametrize("person", EVERYBODY)
def test_who_may_release_take_back_and_give_up(desk: Counter, two: Pay, person: str) -> None:
    run_id = desk.office.signed(two)
    before = desk.standing(run_id)
    released = desk.act(run_id, person, "release")
    if person in OFFICERS and person != MAKER:
        assert released.status_code == 200
        assert released.json()["run"]["state"] == "ready"
    else:
        assert released.json()["code"] == ("maker" if person == MAKER else "no_office")
        assert (released.status_code, desk.standing(run_id)) == (403, before)
        desk.office.release(run_id)
    for act, state in (("withdraw", RunState.HELD), ("cancel", RunState.REJECTED)):
        before = desk.standing(run_id)
        answer = desk.act(run_id, person, act)
        if person in OFFICERS:
            assert (answer.status_code, desk.standing(run_id)[0].state) == (200, state)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "no_office")
            assert desk.standing(run_id) == before


def test_the_page_waives_signs_releases_and_says_so(desk: Counter, two: Pay) -> None:
    run_id, key = with_a_hold(desk, next(iter(two)))
    answer = desk.form(run_id, HR, "waive", role="hr", finding=key, days="2")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/payments/{run_id}?lang=en&said=waive")
    assert "waived by hr-wang (HR)" in desk.get(f"/payments/{run_id}", PAYROLL).text
    desk.office.build(run_id)
    for person, role in ((PAYROLL, "payroll"), (TREASURY, "treasury")):
        assert desk.form(run_id, person, "sign", role=role).status_code == 303
    assert "Everybody has signed" in desk.get(f"/payments/{run_id}", TREASURY).text
    assert desk.form(run_id, TREASURY, "release").status_code == 303
    assert "Released." in desk.get(f"/payments/{run_id}?said=release", TREASURY).text
    desk.office.deliver()
    (line,) = desk.office.lines(run_id)
    assert desk.office.bank.seen.count(line.reference.encode()) == 1
    late = desk.form(run_id, TREASURY, "withdraw")
    assert (late.status_code, "only the bank can stop it" in late.text) == (409, True)


def test_a_page_that_is_older_than_the_files_signs_and_releases_nothing(desk: Counter, two: Pay) -> None:
    run_id = desk.office.prepared(two)
    page = desk.get(f"/payments/{run_id}?lang=zh", TREASURY).text
    (shown,) = set(re.findall('name="files" value="([0-9a-f]{64})"', page))
    desk.office.build(run_id)
    late = desk.form(run_id, TREASURY, "sign", role="treasury", files=shown)
    assert (late.status_code, "请重新查看后再签署" in late.text or "look at it again" in late.text) == (409, True)
    assert desk.document(run_id, PAYROLL)["signatures"] == []
    desk.office.sign(run_id)
    assert desk.form(run_id, TREASURY, "release", files=shown).status_code == 409
    now = desk.document(run_id, TREASURY)["files_sha256"]
    assert desk.form(run_id, TREASURY, "release", files=now).status_code == 303


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "a second person must."),
        ("zh", "须由另一人办理。"),
        ("ja", "別の方が行う必要があります。"),
        ("ko", "다른 사람이 해야 합니다."),
    ],
)
def test_a_refusal_stands_on_the_page_with_what_to_do(desk: Counter, two: Pay, language: str, text: str) -> None:
    run_id = desk.office.prepared(two)
    answer = desk.client.post(
        f"/payments/{run_id}?lang={language}",
        data={"act": "sign", "role": "payroll"},
        headers={PERSON: MAKER, "Sec-Fetch-Site": "same-origin"},
    )
    assert (answer.status_code, text in answer.text) == (403, True)
    page = desk.get(f"/payments/{run_id}?lang={language}", MAKER).text
    assert 'value="sign"' not in page


def test_a_departure_after_the_signatures_is_told_on_the_page_and_offers_no_release(desk: Counter, two: Pay) -> None:
    run_id = desk.office.signed(two)
    assert "Everybody has signed" in desk.get(f"/payments/{run_id}?lang=en", TREASURY).text
    desk.office.hire(next(iter(two)), status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY)
    page = desk.get(f"/payments/{run_id}?lang=en", TREASURY).text
    assert "Everybody has signed" not in page
    assert "Somebody in it has left, changed or got another account" in page
    document = desk.document(run_id, TREASURY)
    assert (document["stale"], document["may"]["release"], document["may"]["cancel"]) == (True, False, True)


def test_a_departure_after_the_signatures_stops_the_release_on_the_page(desk: Counter, two: Pay) -> None:
    run_id = desk.office.signed(two)
    desk.office.hire(next(iter(two)), status=EmploymentStatus.DEPARTED, last_working_day=PAY_DAY.replace(month=9))
    answer = desk.form(run_id, TREASURY, "release")
    assert (answer.status_code, "baton pay check RUN" in answer.text) == (409, True)
    assert desk.standing(run_id)[0].state is RunState.HELD


@pytest.mark.parametrize("wrong", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}])
def test_another_site_decides_nothing(desk: Counter, two: Pay, wrong: dict[str, str]) -> None:
    run_id = desk.office.signed(two)
    before = desk.standing(run_id)
    assert desk.form(run_id, TREASURY, "release", wrong).status_code == 403
    told = {PERSON: TREASURY, **wrong}
    body = {"act": "release", "why": "x"}
    assert desk.client.post(f"/api/payments/{run_id}/decisions", json=body, headers=told).status_code == 403
    assert desk.client.post("/api/payments", content=b"{}", headers=told).status_code == 403
    assert desk.standing(run_id) == before


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'{"act": "pay"}', b'{"act": "release"}', b'{"act": "release", "why": "  "}',
        b'{"act": "sign"}', b'{"act": "sign", "role": "boss"}', b'{"act": "sign", "role": "hr", "person": "x"}',
        b'{"act": "waive", "role": "hr", "why": "x"}', b'{"act": "waive", "role": "hr", "why": "x", "finding": "12"}',
        b'{"act": "release", "why": "x", "role": "hr"}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_cannot_be_understood_does_nothing(desk: Counter, two: Pay, body: bytes) -> None:
    run_id = desk.office.signed(two)
    before = desk.standing(run_id)
    headers = {PERSON: TREASURY, "X-Baton-Console": "1", "Sec-Fetch-Site": "same-origin"}
    answer = desk.client.post(f"/api/payments/{run_id}/decisions", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "words")
    assert desk.client.post(f"/payments/{run_id}", content=body, headers=headers).status_code == 422
    assert desk.standing(run_id) == before


def test_what_people_wrote_is_escaped(desk: Counter, two: Pay) -> None:
    run_id = desk.office.prepared(two)
    desk.act(run_id, TREASURY, "cancel", why="<img src=x onerror=alert(1)>")
    answer = desk.get(f"/payments/{run_id}?said=<b>", TREASURY)
    assert "<img src=x" not in answer.text
    assert "&lt;img src=x" in answer.text
    assert "<b>" not in answer.text
    policy: Any = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "form-action 'self'" in policy


def test_a_month_shows_its_runs_with_sums_to_officers_and_counts_to_everybody(tmp_path: Path) -> None:
    with counter_with_a_stranger(tmp_path) as (desk, run_id):
        found = desk.get("/api/payments/months/2026-11", TREASURY).json()
        assert (found["verdict"], found["sums"]["CNY"]["booked"]) == ("different", "20,345.67 CNY")
        assert [(each["id"], each["verdict"], each["sums_minor"]["rest"]) for each in found["runs"]] == [
            (run_id, "clean", 0)
        ]
        assert [(each["kind"], each["found"]) for each in found["differences"]] == [("unexpected_debit", "77.00 CNY")]
        page = desk.get("/payments/months/2026-11?lang=zh", TREASURY).text
        assert [text for text in ("20,345.67 CNY", "无人要求的扣款", "全部核平", run_id) if text not in page] == []
        bare = desk.get("/api/payments/months/2026-11", "nobody-zhao")
        assert bare.json()["counted"] == [{"weight": "alarm", "kind": "unexpected_debit", "count": 1}]
        assert (bare.json()["differences"], "20,345.67" in bare.text, "sums" in bare.json()) == ([], False, False)
        assert "20,345.67" not in desk.get("/payments/months/2026-11", "nobody-zhao").text
        assert 'href="/payments/months/2026-11?lang=en"' in desk.get("/payments?lang=en", "nobody-zhao").text
        assert desk.get("/api/payments/months/lines", TREASURY).status_code == 422


def test_a_reason_stands_in_its_form_again_and_its_lines_are_counted_as_the_page_counts_them(
    desk: Counter, two: Pay
) -> None:
    run_id = desk.office.draft(two).run.run_id
    reason = "\n".join(["字" * 24] * 20)
    reason += "字" * (500 - len(reason))
    for wrong in ({"why": reason + "字"}, {"why": TYPED, "days": "none"}):
        refused = desk.form(run_id, TREASURY, "cancel", **wrong)
        assert (refused.status_code, refused.text.count(wrong["why"])) == (422, 1)
    done = desk.form(run_id, TREASURY, "cancel", why=reason.replace("\n", "\r\n"))
    assert (done.status_code, desk.document(run_id, TREASURY)["run"]["state"]) == (303, "rejected")


@pytest.mark.parametrize("month", ["2026-99", "2026-00", "0000-00", "２０２６-１１", "2026-11%0a", "2026-1"])
@pytest.mark.parametrize("place", ["/payments/months/", "/api/payments/months/"])
def test_a_month_that_there_is_not_is_refused(desk: Counter, place: str, month: str) -> None:
    assert desk.get(place + month, TREASURY).status_code == 422
