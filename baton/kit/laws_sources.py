"""Laws of sources: what a census gives, and what an inbound event may cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from baton.contracts import HintReply
from baton.errors import ConnectorError, InDoubtError
from baton.kit.bench import Bench, expect, not_applicable
from baton.kit.troubles import Trouble
from baton.model.told_lines import LineMarker, LinesBefore

_MOST_REQUESTS = 500


def census_gives_everyone_once(bench: Bench) -> None:
    people = _people(_staffed(bench))
    rows = _census(bench)
    expect(len(rows) == len(people), f"the census gives {len(rows)} rows for {len(people)} people")
    expect(len({tuple(row.items()) for row in rows}) == len(rows), "the census gives a row twice")
    if people and set(people[0]) <= set(rows[0] if rows else ()):
        columns = list(people[0])
        wanted = Counter(tuple(person[column] for column in columns) for person in people)
        given = Counter(tuple(row[column] for column in columns) for row in rows)
        expect(wanted == given, "the census gives other values than the source holds")


def numbers_stay_text(bench: Bench) -> None:
    for page in _staffed(bench).connector.census().pages:
        wrong = [name for name, kind in page.rows.schema.items() if str(kind) not in ("String", "Null")]
        expect(not wrong, f"the columns {wrong} are not text")


def a_census_says_where_it_came_from(bench: Bench) -> None:
    origin = _staffed(bench).connector.census().origin
    expect(len(origin.digest) == 64, "the origin's digest is not a SHA-256 in hex")
    expect(origin.as_of.utcoffset() is not None, "the origin's time has no time zone")
    here = _staffed(bench.fresh())
    again = here.connector.census().origin
    here.close()
    expect(again.digest == origin.digest, "two readings of the same feed have different digests")


def a_lost_page_is_an_error_never_a_short_census(bench: Bench) -> None:
    _staffed(bench).troubles.clear()
    _census(bench)
    count = len(bench.troubles.requests)
    for trouble in (Trouble.LOST_REPLY, Trouble.SERVER_ERROR, Trouble.GARBLED, Trouble.THROTTLED, Trouble.UNREACHABLE):
        for position in range(min(count, 20)):
            here = _staffed(bench.fresh())
            here.troubles.at(position, trouble)
            try:
                rows = _census(here)
            except InDoubtError:
                expect(held=False, message="reading a census is said to be in doubt: mark the request Intent.READ")
            except ConnectorError:
                continue
            expect(len(rows) == len(_people(here)), f"with {trouble} at request {position} the census is short")


def a_repeated_page_is_an_error(bench: Bench) -> None:
    _staffed(bench).troubles.clear()
    _census(bench)
    paths = [path for _, path in bench.troubles.requests]
    repeated = [path for path, times in Counter(paths).items() if times > 1]
    if not repeated:
        not_applicable("the census takes one page; let the counterpart's pages be small")
    first = bench.troubles.answers[paths.index(repeated[0])]
    here = _staffed(bench.fresh())
    here.troubles.replay(repeated[0], first)
    try:
        rows = _census(here)
    except ConnectorError:
        expect(len(here.troubles.requests) <= _MOST_REQUESTS, "a page that comes again and again is fetched endlessly")
        return
    expect(held=False, message=f"the same page again and again was taken as a census of {len(rows)} rows")


def lines_left_out_and_the_other_lines_are_the_census(bench: Bench) -> None:
    import polars as pl  # half a second that most commands can do without

    here = _staffed(bench)
    census = _census(here)
    marker = LineMarker(11, 12)
    read = here.connector.besides(LinesBefore(marker, "", marker.of(pl.Series(dtype=pl.String))))
    if read is None:
        not_applicable("the source cannot tell lines apart without reading them")
    expect(read.rows.rows(named=True) == census, "what is read when no line is known is not the census")
    for known in ([], [0], list(range(1, len(census))), list(range(len(census)))):
        some = here.connector.besides(LinesBefore(marker, read.context, read.marks[known]))
        expect(some is not None, "a source that could tell lines apart cannot any more")
        left = [row for place, row in enumerate(census) if place not in known]
        expect(some.rows.rows(named=True) == left, f"with {len(known)} lines known not exactly the others are read")
        expect(sorted(some.standing) == list(range(len(known))), "the lines that stand there again are not named once")
        expect(some.origin.digest == read.origin.digest, "what is left out changes the digest of the whole")
    other = here.connector.besides(LinesBefore(marker, "another context", read.marks))
    expect(other is None or other.rows.height == len(census), "lines are left out that were read in another context")


def a_genuine_callback_gives_hints(bench: Bench) -> None:
    headers, body = _event(bench)
    reply = bench.connector.receive(headers, body)
    expect(200 <= reply.status < 300, f"a genuine callback is answered {reply.status}")
    expect(reply.hints, "a genuine callback gives no hint")
    again = bench.connector.receive(headers, body)
    ids = [[hint.event_id for hint in one.hints] for one in (reply, again)]
    expect(ids[0] == ids[1], "the same callback twice gives different event ids, so it cannot be de-duplicated")


def a_tampered_callback_gives_no_hint(bench: Bench) -> None:
    headers, body = _event(bench)
    for position in sorted({0, len(body) // 3, len(body) // 2, len(body) - 2}):
        spoilt = bytes(byte ^ 1 if at == position else byte for at, byte in enumerate(body))
        _no_hint(bench.connector.receive(headers, spoilt), f"a body with byte {position} changed")
    for forged in (b"", b"{}", b"\xff" * 64, b"[" * 5000, b'{"encrypt": "AAAA"}'):
        _no_hint(bench.connector.receive(headers, forged), "a forged body")
    if any(name.lower() not in ("content-type", "host", "content-length") for name in headers):
        _no_hint(bench.connector.receive({}, body), "a body without its headers")


def _no_hint(reply: HintReply, what: str) -> None:
    expect(not reply.hints, f"{what} gives a hint")
    expect(400 <= reply.status < 500, f"{what} is answered {reply.status}, not 4xx")


def _census(bench: Bench) -> list[dict[str, Any]]:
    pages = bench.connector.census().pages
    return [row for page in pages for row in page.rows.iter_rows(named=True)]


def _people(bench: Bench) -> list[Mapping[str, Any]]:
    people = getattr(bench.counterpart, "people", None)
    if people is None:
        not_applicable("the counterpart does not say which people it holds")
    return list(people() if callable(people) else people)


def _staffed(bench: Bench) -> Bench:
    """The bench with some people in its source, and with pages small enough to need several."""
    if not _people(bench) and hasattr(bench.counterpart, "sample"):
        bench.counterpart.seed([bench.counterpart.sample(n) for n in range(1, 8)])
    if hasattr(bench.counterpart, "page_size"):
        bench.counterpart.page_size = 3
    if not _people(bench):
        not_applicable("the counterpart holds nobody; let it hold some, or give it sample(n) and seed(rows)")
    return bench


def _event(bench: Bench) -> tuple[Mapping[str, str], bytes]:
    if not hasattr(bench.counterpart, "callback"):
        not_applicable("the counterpart has no callback() that gives headers and body of a genuine event")
    headers, body = bench.counterpart.callback()
    return headers, body


SOURCE_LAWS = (
    census_gives_everyone_once,
    numbers_stay_text,
    a_census_says_where_it_came_from,
    a_lost_page_is_an_error_never_a_short_census,
    a_repeated_page_is_an_error,
)
REPEATING_LAWS = (lines_left_out_and_the_other_lines_are_the_census,)
HINT_LAWS = (a_genuine_callback_gives_hints, a_tampered_callback_gives_no_hint)
