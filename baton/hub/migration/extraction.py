"""Reading a source once, into sealed pages; whatever happens later is judged against these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

import polars as pl

from baton.errors import FeedRefusedError, GuardBreach
from baton.hub.core import Hub
from baton.hub.migration.quarantine import migrated_before
from baton.hub.migration.route import Route, text_fields
from baton.jobs.migration.cells import CELL_SCHEMA, UnfitCell, cell_frame
from baton.jobs.migration.planning import dangling, missing_keys
from baton.jobs.migration.survey import Standing, Survey
from baton.jobs.migration.transform import ROW, SOURCE_DIGEST, key_mapping, transform
from baton.model.source_rows import Origin, SourcePage
from baton.records.digest import Digester, root_of_roots, tree_root
from baton.store.staging import Stage, Staged, StagingLine

PAGE_ROWS = 50_000


class Phase(StrEnum):
    """What a migration is doing, for people who wait for it."""

    READING = "reading"
    PLANNING = "planning"
    WRITING = "writing"
    PROVING = "proving"
    MAPPING = "mapping again"
    COMPARING = "comparing"


Progress = Callable[[Phase, int], None]
"""Called with what is being done and how many rows are through."""


def unwatched(_phase: Phase, _rows: int) -> None:
    """For those who do not want to know."""


@dataclass
class Extracted:
    """What was read."""

    origin: Origin
    columns: tuple[str, ...] = ()
    pages: list[Staged] = field(default_factory=list)
    unreadable: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CELL_SCHEMA))
    """Rows that the reader could not take (`CELL_SCHEMA`)."""
    standing: Standing | None = None

    @property
    def row_count(self) -> int:
        """Rows read, unreadable ones left out."""
        return sum(page.row_count for page in self.pages)

    @property
    def root(self) -> bytes:
        """The root over all source rows."""
        return root_of_roots(page.root for page in self.pages)


def extract(hub: Hub, route: Route, run_id: str, salt: bytes, line: StagingLine, progress: Progress) -> Extracted:
    """Read all records of the source. Raises `FeedRefusedError` for a source that has none, or no longer one shape."""
    feed = route.read()
    found = Extracted(feed.origin)
    rejected: list[UnfitCell] = []
    survey = Survey()
    keys = _Keys(route)
    digester: Digester | None = None
    rows = 0
    for number, page in enumerate(gathered(feed.pages, rejected)):
        columns = _columns(page, found)
        digester = digester or Digester(text_fields(columns), salt)
        digests = digester.rows(page)
        line.write(
            (run_id, Stage.SOURCE, number), page.with_columns(digests.alias(SOURCE_DIGEST)), root=tree_root(digests)
        )
        keys.survey(page, survey)
        rows += page.height
        hub.crash_point("extracting")
        progress(Phase.READING, rows)
    if not rows:
        raise _refused(found.origin, "empty", "the source has no records: there is nothing to migrate or to prove")
    place = f"{route.target_name}/{route.collection.name}"
    for earlier in migrated_before(hub, feed.origin.detail.get("corrects", ""), place, route.rules.key):
        survey.taken(earlier.records, route.rules.key)
        survey.migrated(earlier.migrated, route.rules.key, earlier.run_id)
        survey.brought(earlier.since, route.rules.key, earlier.run_id)
    found.pages = line.written()
    found.unreadable = cell_frame(rejected)
    found.standing = survey.result(partial(missing_keys, route.target, route.collection.name))
    return found


def _columns(page: pl.DataFrame, found: Extracted) -> tuple[str, ...]:
    """The columns of a page: those of the pages before, under names that are not ours."""
    columns = tuple(name for name in page.columns if name != ROW)
    if SOURCE_DIGEST in columns:
        raise _refused(found.origin, "columns", f"a column is named {SOURCE_DIGEST}: rename it")
    if found.columns and columns != found.columns:
        raise _refused(found.origin, "columns", "the source changed its columns while it was read")
    found.columns = columns
    return columns


class _Keys:
    """What must be known of every row before any of them is planned: its key, and the records it refers to."""

    def __init__(self, route: Route) -> None:
        names = tuple(dict.fromkeys((*route.rules.key, *route.parents)))
        self._route = route
        self._mapping = key_mapping(route.mapping, names)
        self._fields = {name: route.fields[name] for name in names}

    def survey(self, page: pl.DataFrame, survey: Survey) -> None:
        """Add the rows that have a key. Where rows refer to rows, those that cannot be used are told as well."""
        route, rows = self._route, page.get_column(ROW)
        records = transform(page, rows, self._mapping, self._fields).records
        survey.add(records, route.rules.key, route.parents)
        if route.parents:
            whole = transform(page, rows, route.mapping, route.fields)
            unfit = [whole.unfit, *dangling(route.target, route.readable, whole.records, route.parents)]
            survey.put_aside(pl.concat(unfit).get_column("row"))


def gathered(pages: Iterator[SourcePage], rejected: list[UnfitCell]) -> Iterator[pl.DataFrame]:
    """Pages of even size, each row with its number (`ROW`); what the reader rejected goes into ``rejected``."""
    waiting: list[pl.DataFrame] = []
    rows = 0  # counted as they come: pages of one row each, as a corrected quarantine has them, are many
    for page in pages:
        if ROW in page.rows.columns:
            raise _refused(None, "columns", f"a column is named {ROW}: rename it")
        rejected += [UnfitCell(each.row, each.column, each.rule, each.message) for each in page.rejected]
        if not page.rows.height:
            continue
        numbers = pl.int_range(page.first_row, page.first_row + page.rows.height, dtype=pl.Int64, eager=True)
        frame = page.rows.insert_column(0, numbers.alias(ROW))
        if waiting and frame.schema != waiting[0].schema:  # who looks at the pages says what that means
            yield pl.concat(waiting, rechunk=True)
            waiting, rows = [], 0
        waiting.append(frame)
        rows += frame.height
        if rows >= PAGE_ROWS:
            yield pl.concat(waiting, rechunk=True)
            waiting, rows = [], 0
    if waiting:
        yield pl.concat(waiting, rechunk=True)


def _refused(origin: Origin | None, rule: str, message: str) -> FeedRefusedError:
    error = FeedRefusedError([GuardBreach(rule, message)], feed_digest=origin.digest if origin else "")
    error.remedy = "have the export made again; nothing was written"
    return error
