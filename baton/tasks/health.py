"""Looking after the hub itself, as a task: every figure, every rule, and the messages that follow. Figures only."""

from __future__ import annotations

import logging

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from baton.hub.vitals.alarming import watch
from baton.tasks.opening import RETRIES, RETRY_POLICY, open_hub

log = logging.getLogger("baton.tasks")


@task(retries=RETRIES, retry_policy=RETRY_POLICY)
def look_after() -> dict[str, int]:
    """Carry the alarms on and tell the people on their routes; gives figures.

    An alarm fails nothing: it has its own way to people. Where that way is blocked the task fails, so that it is seen.
    """
    with open_hub() as hub:
        watched = watch(hub)
    for alarm in watched.current:
        log.warning("%s %s %s: %s", alarm.severity.value, alarm.rule, alarm.subject, alarm.state.value)
    blocked = [*watched.mute, *watched.halted, *watched.refused]
    if blocked:
        raise AirflowFailException(f"people were not told: {'; '.join(blocked)}")
    return {
        "raised": watched.raised,
        "over": watched.over,
        "open": len(watched.current),
        "messages": watched.messages,
    }
