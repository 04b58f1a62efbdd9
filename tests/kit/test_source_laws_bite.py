"""The laws of sources and hints hold for a small good connector and fail for the broken ones."""

import dataclasses
import hashlib
import hmac
import itertools
import random
from datetime import UTC, datetime

import httpx
import orjson
import polars as pl
import pytest

from baton.kit.laws_sources import HINT_LAWS, REPEATING_LAWS, SOURCE_LAWS
from baton.kit.run import Verdict, laws_for, try_law
from baton.sdk import (
    ConnectorError,
    ConnectorSettings,
    Feed,
    Finding,
    Hint,
    HintReply,
    HintSource,
    Intent,
    Origin,
    OtherLines,
    Rate,
    RepeatingSource,
    RetryableError,
    SourcePage,
)


class Settings(ConnectorSettings):
    base_url: str
    key: str


class Staff:
    def __init__(self):
        self.page_size = 100
        self.settings = {"base_url": "http://127.0.0.1:1", "key": "k3y"}
        self.secrets = {}
        self.people = []
        self.journal = []

    def sample(self, n):
        return {"number": f"{n:04d}", "name": f"测试䶮{n}"}

    def seed(self, rows):
        self.people += rows

    def handle(self, request):
        page = int(request.url.params["page"])
        rows = self.people[page * self.page_size : (page + 1) * self.page_size]
        return httpx.Response(200, json={"rows": rows, "page": page, "pages": -(-len(self.people) // self.page_size)})

    def callback(self):
        body = b'{"id": "e1", "kind": "changed"}'
        return {"X-Signature": hmac.new(b"k3y", body, "sha256").hexdigest()}, body


class Good(RepeatingSource, HintSource):
    title = "Staff"
    Settings = Settings
    rate = Rate(10)

    def check(self):
        return [Finding("all", ok=True)]

    def _page(self, page):
        answer = self.client.request("GET", f"{self.settings.base_url}/staff", params={"page": page})
        body = answer.raise_for_status().json()
        if not isinstance(body, dict) or body.get("page") != page:
            raise RetryableError("another page than asked for")
        return body

    def census(self):
        rows = []
        for page in itertools.count():
            body = self._page(page)
            rows += body["rows"]
            if page + 1 >= body["pages"]:
                break
        digest = hashlib.sha256(orjson.dumps(rows)).hexdigest()
        frame = pl.DataFrame(rows, schema={"number": pl.String, "name": pl.String})
        return Feed(Origin("staff", digest, datetime(2026, 1, 1, tzinfo=UTC)), iter([SourcePage(frame)]))

    def changes(self, since):
        return self.census()

    def besides(self, before):
        feed = self.census()
        (page,) = feed.pages
        marks = before.marker.of(page.rows.select(line=pl.concat_str("number", "name", separator=",")).to_series())
        known = {mark: place for place, mark in enumerate(before.marks.rows())} if self._same(before) else {}
        places = pl.Series([known.get(mark) for mark in marks.rows()], dtype=pl.UInt32)
        others = places.is_null()
        numbers = others.arg_true() + 1
        standing = places.drop_nulls()
        return OtherLines(feed.origin, "c", page.rows.filter(others), numbers, marks.filter(others), [], standing)

    def _same(self, before):
        return before.context == "c"

    def receive(self, headers, body):
        wanted = hmac.new(self.settings.key.encode(), body, "sha256").hexdigest()
        if not hmac.compare_digest(headers.get("X-Signature", ""), wanted):
            return HintReply(401, b"{}")
        event = orjson.loads(body)
        return HintReply(200, b"{}", [Hint(event_id=event["id"], kind=event["kind"])])


class TwiceEverybody(Good):
    def census(self):
        feed = super().census()
        return Feed(feed.origin, itertools.chain.from_iterable([page, page] for page in feed.pages))


class NumbersAsNumbers(Good):
    def census(self):
        feed = super().census()
        return Feed(feed.origin, (SourcePage(p.rows.with_columns(pl.col("number").cast(pl.Int64))) for p in feed.pages))


class NewDigestEachTime(Good):
    def census(self):
        feed = super().census()
        return Feed(dataclasses.replace(feed.origin, digest=random.randbytes(32).hex()), feed.pages)


class StopsAtTrouble(Good):
    def _page(self, page):
        try:
            return super()._page(page)
        except ConnectorError:
            return {"rows": [], "page": page, "pages": page}


class LeavesOutTheFirst(Good):
    def besides(self, before):
        found = super().besides(before)
        return dataclasses.replace(found, rows=found.rows[1:])


class LeavesOutNothing(Good):
    def besides(self, before):
        return super().besides(dataclasses.replace(before, context=""))


class KnowsNoContext(Good):
    def _same(self, before):
        return True


class DoubtsAQuestion(Good):
    def _page(self, page):
        answer = self.client.request(
            "GET", f"{self.settings.base_url}/staff", params={"page": page}, intent=Intent.WRITE
        )
        return answer.raise_for_status().json()


class TakesAnyPage(Good):
    def _page(self, page):
        answer = self.client.request("GET", f"{self.settings.base_url}/staff", params={"page": page})
        body = answer.raise_for_status().json()
        if not isinstance(body, dict):
            raise RetryableError("not a page")
        return body


class BelievesAnything(Good):
    def receive(self, headers, body):
        return HintReply(200, b"{}", [Hint(event_id="e", kind="k")])


class ForgetsTheCheck(Good):
    def receive(self, headers, body):
        event = orjson.loads(body)
        return HintReply(200, b"{}", [Hint(event_id=event["id"], kind=event["kind"])])


class NewIdEachTime(Good):
    ids = itertools.count()

    def receive(self, headers, body):
        reply = super().receive(headers, body)
        hints = [hint.model_copy(update={"event_id": str(next(self.ids))}) for hint in reply.hints]
        return dataclasses.replace(reply, hints=hints)


class HearsNothing(Good):
    def receive(self, headers, body):
        return HintReply(401, b"{}")


BROKEN = [
    ("census_gives_everyone_once", TwiceEverybody),
    ("census_gives_everyone_once", NumbersAsNumbers),
    ("numbers_stay_text", NumbersAsNumbers),
    ("a_census_says_where_it_came_from", NewDigestEachTime),
    ("a_lost_page_is_an_error_never_a_short_census", StopsAtTrouble),
    ("a_lost_page_is_an_error_never_a_short_census", DoubtsAQuestion),
    ("a_repeated_page_is_an_error", TakesAnyPage),
    ("lines_left_out_and_the_other_lines_are_the_census", LeavesOutTheFirst),
    ("lines_left_out_and_the_other_lines_are_the_census", LeavesOutNothing),
    ("lines_left_out_and_the_other_lines_are_the_census", KnowsNoContext),
    ("a_genuine_callback_gives_hints", HearsNothing),
    ("a_genuine_callback_gives_hints", NewIdEachTime),
    ("a_tampered_callback_gives_no_hint", BelievesAnything),
    ("a_tampered_callback_gives_no_hint", ForgetsTheCheck),
]
ALL = (*SOURCE_LAWS, *REPEATING_LAWS, *HINT_LAWS)


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.__name__)
def test_the_good_source_keeps_the_law(law):
    assert try_law(law, Good, Staff).verdict is Verdict.OK, try_law(law, Good, Staff)


@pytest.mark.parametrize(("title", "broken"), BROKEN)
def test_the_law_bites(title, broken):
    law = next(law for law in ALL if law.__name__ == title)
    result = try_law(law, broken, Staff)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_has_a_breaker():
    assert {title for title, _ in BROKEN} == {law.__name__ for law in ALL}
    assert set(laws_for(Good)) == set(ALL)
