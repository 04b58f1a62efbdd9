"""Is everything in place on this machine? Looks, changes nothing, reaches no other system."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from baton.contracts import Finding
from baton.errors import BatonError, ConfigurationError
from baton.hub import proof
from baton.hub.core import Hub
from baton.hub.keys import require_keyring
from baton.hub.protecting import examine_protected
from baton.registry import Registry
from baton.settings import HubSettings
from baton.store.restores import FENCES, in_force
from baton.vault import FileSecrets


def examine(load: Callable[[], HubSettings]) -> list[Finding]:
    """Every finding, in the order in which a person would mend them. ``load`` reads the settings."""
    return list(_examine(load))


def _examine(load: Callable[[], HubSettings]) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or later")
    settings: HubSettings | None = None
    try:
        settings = load()
        yield Finding("settings", True, f"{settings.file}: {len(settings.enabled)} systems enabled")
    except ConfigurationError as error:
        for fault in error.faults:
            yield Finding("settings", False, str(fault), "correct it there")
    if settings is None:
        return
    yield _secret_files(FileSecrets(settings.hub.secrets_dir))
    yield from _examine_names(settings)
    try:
        with Hub(settings) as hub:
            yield from _examine_hub(hub)
    except BatonError as error:
        yield Finding("hub", False, error.message, error.remedy or "see the message")


def _examine_names(settings: HubSettings) -> Iterator[Finding]:
    from baton.hub.named_files import examine_files  # both load polars, which most commands can do without
    from baton.hub.named_systems import examine_programs, examine_restrictions, examine_ways

    yield from examine_files(settings)
    yield from examine_ways(settings)
    yield from examine_programs(settings)
    yield from examine_restrictions(settings, Registry())


def _examine_rules(hub: Hub) -> Iterator[Finding]:
    from baton.hub.named_systems import examine_rules  # as above

    yield from examine_rules(hub)


def _secret_files(files: FileSecrets) -> Finding:
    """Whoever is in the group may be meant to read (containers mount secrets so): that is said, and is no fault."""
    exposed, shared = files.exposed(), files.shared()
    detail = "readable by everybody: " + _first(exposed) if exposed else "readable by their owner only"
    if shared:
        group = "readable by the group: " + _first(shared)
        detail = f"{detail}; {group}" if exposed else group
    return Finding("secret files", not exposed, detail, "chmod 600 these files")


def _first(files: Sequence[Path]) -> str:
    return ", ".join(str(path) for path in files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")


def _examine_hub(hub: Hub) -> Iterator[Finding]:
    yield Finding("database", True, f"{hub.database.dialect}, schema up to date")
    yield _tried("keys of the personal columns", lambda: _keys_in_use(hub))
    yield _tried("key of the audit log", lambda: str(proof.signer(hub).verifier))
    yield _tried("transforms", lambda: _own_transforms(hub))
    yield _tried("mappings", lambda: f"{len(hub.mappings)} mappings, all examples hold")
    yield from _examine_rules(hub)
    yield from examine_protected(hub)
    yield _tried("audit log", lambda: _audit_state(hub))
    yield _tried("ledger of erasures", lambda: _ledger_state(hub))
    yield _tried("databases that were replaced", lambda: _replaced_state(hub))
    with hub.database.read() as connection:
        engaged = in_force(hub.runs.engaged(connection), hub.settings.enabled)
    fenced = any(scope.startswith(FENCES) for scope in engaged)
    remedy = "baton restore status" if fenced else "baton kill-switch off"
    yield Finding("kill switches", not engaged, ", ".join(engaged) or "none is on", remedy)


def _keys_in_use(hub: Hub) -> str:
    used = ", ".join(map(str, require_keyring(hub))) or "none yet"
    return f"version {hub.keyring.active} is active; opens what is sealed here (versions: {used})"


def _own_transforms(hub: Hub) -> str:
    hub.load_transforms()
    return ", ".join(hub.settings.hub.transforms) or "none of one's own"


def _audit_state(hub: Hub) -> str:
    report = proof.verify(hub)
    if report.findings:
        raise BatonError(str(report.findings[0]), remedy="baton audit verify shows all of it")
    return f"{report.entries} entries, {report.proven} proven by {report.checkpoints} checkpoints"


def _ledger_state(hub: Hub) -> str:
    from baton.hub.keeping import ledger  # as below

    lines = ledger.require_whole(hub, ledger.carried_out(hub))
    return f"{lines} erasures, all that were carried out are in it"


def _replaced_state(hub: Hub) -> str:
    from baton.hub.keeping import ledger, restoring  # loads what only a restore needs

    there = restoring.replaced(hub)
    erased = max((each.erased_at for each in ledger.read(hub)), default=None)
    holding = restoring.replaced(hub, erased) if erased is not None else []
    if holding:
        message = f"hold people who were erased since: {_first(holding)}"
        raise BatonError(message, remedy="delete these folders once nobody needs them")
    return f"kept beside: {_first(there)}" if there else "none is kept"


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except BatonError as error:
        return Finding(what, False, error.message, error.remedy)
