"""Reports that people exported, from the event log files of Event Monitoring, where the org has them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from baton.sdk import Activity, ActivityKind, RetryableError
from connectors.crm.salesforce.composite import Composite
from connectors.crm.salesforce.org import Org

_TYPE: Final = "ReportExport"
_ID: Final = 15
"""Event logs name users by the short form of their ids."""


class Exports:
    """Exported reports. A day's file appears on the next day, so that a day must be looked at again after it."""

    def __init__(self, org: Org, composite: Composite) -> None:
        self._org = org
        self._composite = composite

    def by(self, users: Collection[str], since: datetime, until: datetime) -> Iterator[Sequence[Activity]]:
        """What these users exported in the window, file by file."""
        day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        # Constants and moments. A file of one day carries that day's first moment as its LogDate.
        soql = (
            f"SELECT Id FROM EventLogFile WHERE EventType = '{_TYPE}' "  # noqa: S608
            f"AND LogDate >= {moment(day)} AND LogDate < {moment(until + timedelta(milliseconds=1))}"
        )
        short = {user[:_ID]: user for user in users}
        seen: set[str] = set()
        for file in self._composite.rows([soql])[0]:
            found = []
            for activity in self._read(str(file["Id"]), short):
                # An hourly and a daily file tell of the same event.
                if since <= activity.at < until and activity.id not in seen:
                    seen.add(activity.id)
                    found.append(activity)
            if found:
                yield found

    def _read(self, file: str, users: Mapping[str, str]) -> Iterator[Activity]:
        answer = self._org.exchange("GET", f"sobjects/EventLogFile/{file}/LogFile")
        try:
            rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8"), newline=""), strict=True))
            for row in rows:
                user = users.get(row["USER_ID"][:_ID])
                if user:
                    at = datetime.fromisoformat(row["TIMESTAMP_DERIVED"])
                    event = f"{row['REQUEST_ID']}:{row['TIMESTAMP']}"
                    yield Activity(id=event, kind=ActivityKind.EXPORT, at=at, actor=user, title=row.get("URI") or "")
        except (UnicodeDecodeError, csv.Error, KeyError, ValueError, TypeError) as error:
            raise RetryableError("an event log file is not readable", code="garbled") from error


def moment(at: datetime) -> str:
    """A moment as SOQL writes it: UTC, milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
