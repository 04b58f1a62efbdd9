"""Routes through the connectors themselves: a webhook and a mail relay, each against its stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from baton.console.reading import run_detail
from baton.hub import Hub
from baton.settings import SystemSettings
from baton.settings_shape import RoutePart
from baton.store.tables import effects, metadata, runs
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.smtp.simulator import Simulator as Relay
from connectors.webhook.http.connector import WebhookSettings
from connectors.webhook.http.simulator import Simulator as Receiver
from tests.hub.vitals.conftest import Post, Start

RULE = {"measure": "switches_count", "above": "0", "routes": ["ops"]}
OPS = "operations@example.com"


def lead(hub: Hub, name: str, connector: str, settings: Any) -> None:
    """Let the route go through this system from now on."""
    systems: Any = hub.settings.systems
    systems[name] = SystemSettings(name, connector, "a test", settings, Path("none.yaml"), allow_private=True)
    hub.settings.alarms.routes["ops"] = RoutePart(system=name, people=(OPS,))


def throw(hub: Hub) -> None:
    with hub.database.write() as connection:
        hub.runs.engage(connection, "action:remove", "ops", "a test")


def disengage(hub: Hub) -> None:
    with hub.database.write() as connection:
        hub.runs.disengage(connection, "action:remove", "ops", "a test")


def test_a_receiver_gets_a_signed_notice_once(start: Start) -> None:
    post, receiver = start({"left_on": RULE}), Receiver("http://127.0.0.1:1")
    settings = WebhookSettings.model_validate({**receiver.settings, **receiver.secrets})
    lead(post.hub, "gateway", "webhook/http", settings)
    post.hub._transports = {"gateway": httpx.MockTransport(receiver.handle)}
    throw(post.hub)
    assert (post.look().messages, post.look().messages) == (1, 0)
    (taken,) = receiver.taken.values()
    assert "left_on" in str(taken)
    assert OPS in str(taken)


def test_somebody_on_two_routes_is_told_on_both_and_on_each_once(start: Start) -> None:
    post = start({"left_on": {**RULE, "routes": ["ops", "boss"]}})
    receivers = {name: Receiver("http://127.0.0.1:1") for name in ("gateway", "pager")}
    for name, receiver in receivers.items():
        lead(post.hub, name, "webhook/http", WebhookSettings.model_validate({**receiver.settings, **receiver.secrets}))
    post.hub.settings.alarms.routes["ops"] = RoutePart(system="gateway", people=(OPS, OPS))
    post.hub.settings.alarms.routes["boss"] = RoutePart(system="pager", people=(OPS,))
    post.hub._transports = {name: httpx.MockTransport(each.handle) for name, each in receivers.items()}
    throw(post.hub)
    assert (post.look().messages, post.look().messages) == (2, 0)
    assert [len(each.taken) for each in receivers.values()] == [1, 1]


def test_a_letter_goes_out_over_the_relay(start: Start, tmp_path: Path) -> None:
    post = start({"left_on": RULE}, address="https://airflow.example.com/baton")
    with Relay(tmp_path) as relay:
        settings = SmtpSettings.model_validate({**relay.settings, **relay.secrets})
        lead(post.hub, "mail", "mail/smtp", settings)
        throw(post.hub)
        watched = post.look()
        assert (watched.messages, watched.halted, watched.mute) == (1, [], [])
        ((address, subject, text),) = relay.outbox
    assert address == OPS
    assert "left_on" in subject
    assert "https://airflow.example.com/baton/health" in text


def gateway(post: Post) -> Receiver:
    """Leads the route through a receiver, to an address."""
    receiver = Receiver("http://127.0.0.1:1")
    settings = WebhookSettings.model_validate({**receiver.settings, **receiver.secrets})
    lead(post.hub, "gateway", "webhook/http", settings)
    post.hub._transports = {"gateway": httpx.MockTransport(receiver.handle)}
    return receiver


def stored(hub: Hub) -> str:
    """Everything in the database, as text: what is sealed is no text."""
    with hub.database.read() as connection:
        rows = [row for table in metadata.sorted_tables for row in connection.execute(sa.select(table))]
    return "\n".join(map(str, rows))


def test_an_address_is_in_no_column_that_is_not_sealed(start_on_both: Start) -> None:
    post = start_on_both({"left_on": RULE})
    receiver = gateway(post)
    throw(post.hub)
    assert post.look().messages == 1
    assert OPS in str(receiver.taken)
    assert OPS not in stored(post.hub)
    with post.hub.database.read() as connection:
        (run_id,) = connection.execute(sa.select(runs.c.id).where(runs.c.job == "alarms")).scalars()
    assert OPS not in str(run_detail(post.hub, run_id))


def test_an_address_is_told_once_as_before(start: Start) -> None:
    post = start({"left_on": {**RULE, "again_after": "24h"}})
    receiver = gateway(post)
    throw(post.hub)
    assert [post.look().messages for _ in range(2)] == [1, 0]
    post.later(hours=25)
    assert [post.look().messages for _ in range(2)] == [1, 0]
    disengage(post.hub)
    assert [post.look().messages for _ in range(2)] == [1, 0]
    assert len(receiver.taken) == 3


def test_who_heard_of_an_alarm_before_addresses_were_hidden_hears_its_end_and_nothing_twice(start: Start) -> None:
    post = start({"left_on": RULE})
    receiver = gateway(post)
    throw(post.hub)
    (alarm,) = post.look().current
    with post.hub.database.write() as connection:
        older = {"number": f"alarm/{alarm.key}/raised/{OPS}"}
        assert connection.execute(sa.update(effects).where(effects.c.job == "alarms").values(**older)).rowcount == 1
    assert post.look().messages == 0
    disengage(post.hub)
    assert post.look().messages == 1
    assert len(receiver.taken) == 2
