"""A keyring that is not the store's is told before anything is written: what it makes is worth nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from baton.errors import ConfigurationError
from baton.hub import keys as hub_keys
from baton.hub.keeping import restoring
from baton.hub.keeping.reading_back import read_back
from baton.settings import HubSettings
from baton.store.personal import Keyring
from baton.store.tables import effects, links, person_versions, told_lines
from baton.vault import FileSecrets, Vault
from tests.hub.keeping.conftest import OPERATOR, World
from tests.hub.keeping.leaver import lived
from tests.rig.company import KEYS

Make = Callable[..., World]


def keyring_in_a_file(it: World) -> None:
    """As where keys are rotated: the file is read again whenever the hub is opened."""
    place = it.hub.settings.hub.secrets_dir / "hub"
    place.mkdir(parents=True)
    (place / "keyring").write_text(KEYS, "utf-8")
    former = it.company.settings

    def settings() -> HubSettings:
        found = former()
        return replace(found, vault=Vault([FileSecrets(found.hub.secrets_dir), *found.vault.providers]))

    it.company.settings = settings  # type: ignore[method-assign]
    opened_with(it, KEYS)


def opened_with(it: World, keyring: str) -> None:
    (it.company.settings().hub.secrets_dir / "hub" / "keyring").write_text(keyring, "utf-8")
    it.hub.close()
    it.hub = it.company.open()


def marks(it: World) -> list[tuple[object, ...]]:
    with it.hub.database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(links.c.number, links.c.applied, links.c.dirty))]


def stopped(it: World) -> list[str]:
    with it.hub.database.read() as connection:
        return sorted(it.hub.runs.engaged(connection))


def another() -> str:
    return Keyring.generate().to_text()


def test_the_keyring_of_the_store_opens_every_version_in_use(world: Make) -> None:
    it = world()
    keyring_in_a_file(it)
    assert hub_keys.require_keyring(it.hub) == [], "nothing is sealed yet"
    lived(it)
    assert hub_keys.require_keyring(it.hub) == [1]
    for _ in hub_keys.rotate_keys(it.hub):
        pass
    assert hub_keys.require_keyring(it.hub) == [2]


def test_one_value_that_was_changed_does_not_speak_against_the_keyring(world: Make) -> None:
    it = world()
    keyring_in_a_file(it)
    lived(it)
    with it.hub.database.write() as connection:
        sealed: bytes = connection.execute(sa.select(person_versions.c.sealed).limit(1)).scalar_one()
        connection.execute(sa.update(person_versions).values(sealed=sealed[:-1] + b"x"))
    assert hub_keys.require_keyring(it.hub) == [1], "the writes about them still open"
    with it.hub.database.write() as connection:
        connection.execute(sa.update(effects).values(payload=sealed))
        connection.execute(sa.delete(told_lines))
    with pytest.raises(ConfigurationError, match="key version 1 opens"):
        hub_keys.require_keyring(it.hub)


@pytest.mark.parametrize("which", ["another", "old"])
def test_a_store_is_not_restored_under_another_keyring_or_an_old_copy(world: Make, which: str) -> None:
    it = world()
    keyring_in_a_file(it)
    lived(it)
    for _ in hub_keys.rotate_keys(it.hub):
        pass
    kept = it.back_up()
    good = it.hub.keyring.to_text()
    opened_with(it, KEYS if which == "old" else another())
    it.hub.close()
    with pytest.raises(ConfigurationError, match=r"hub/keyring: the keyring in use is not the one of this store"):
        it.restore_only(kept)
    opened_with(it, good)
    assert stopped(it) == [], "nothing was replaced"
    assert it.restore(kept).fenced == ["bank", "crm"]


def test_nothing_is_read_back_under_another_keyring(world: Make) -> None:
    it = world()
    keyring_in_a_file(it)
    lived(it)
    it.restore(it.back_up())
    before = marks(it)
    opened_with(it, another())
    with pytest.raises(ConfigurationError, match="other_keyring"):
        read_back(it.hub)
    with pytest.raises(ConfigurationError, match="other_keyring"):
        restoring.begin(it.hub, OPERATOR, "once more")
    opened_with(it, KEYS)
    assert marks(it) == before, "a mark by another digest key would have everybody written again"
    assert stopped(it) == ["restored:bank", "restored:crm"]
    assert [report.trouble for report in read_back(it.hub)] == [""] * 2
