"""Tries the laws on a connector and says of each whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from baton.contracts import (
    AccessControl,
    AccountTarget,
    ActivitySource,
    BlockerSource,
    Connector,
    DeliveryRecord,
    EmployeeSource,
    HintSource,
    Notifier,
    OwnershipScan,
    OwnershipStore,
    PayableSource,
    PaymentChannel,
    RecordSource,
    RecordTarget,
    RepeatingSource,
    RightsScan,
    SessionControl,
    TransferResults,
    WorkScan,
    WorkSource,
    WorkTransfer,
)
from baton.errors import ConfigurationError, Fault
from baton.kit import (
    laws_accounts,
    laws_batches,
    laws_deliveries,
    laws_history,
    laws_notices,
    laws_ownership,
    laws_payables,
    laws_payments,
    laws_record_sources,
    laws_record_troubles,
    laws_record_values,
    laws_records,
    laws_rights,
    laws_scans,
    laws_sessions,
    laws_sources,
    laws_transfer_results,
    laws_troubles,
    laws_work,
)
from baton.kit.bench import Bench, LawBrokenError, NotApplicableError
from baton.kit.servers import own_simulator
from baton.registry import Registry

Law = Callable[[Bench], None]

SUITE: Final = "pytest tests/kit/test_every_connector.py"
"""The tests that try every law on every connector, real servers included."""

LAWS: Final[Mapping[type, tuple[Law, ...]]] = {
    AccountTarget: (*laws_accounts.LAWS, *laws_troubles.LAWS, *laws_batches.LAWS),
    EmployeeSource: laws_sources.SOURCE_LAWS,
    RepeatingSource: laws_sources.REPEATING_LAWS,
    HintSource: laws_sources.HINT_LAWS,
    RecordSource: laws_record_sources.LAWS,
    RecordTarget: (*laws_records.LAWS, *laws_record_values.LAWS, *laws_record_troubles.LAWS),
    OwnershipStore: laws_ownership.LAWS,
    OwnershipScan: laws_scans.OWNERSHIP_LAWS,
    WorkSource: laws_work.SOURCE_LAWS,
    WorkScan: laws_scans.WORK_LAWS,
    WorkTransfer: laws_work.TRANSFER_LAWS,
    TransferResults: laws_transfer_results.LAWS,
    AccessControl: laws_rights.LAWS,
    RightsScan: laws_scans.RIGHTS_LAWS,
    SessionControl: laws_sessions.LAWS,
    Notifier: laws_notices.LAWS,
    DeliveryRecord: laws_deliveries.LAWS,
    BlockerSource: laws_history.BLOCKER_LAWS,
    ActivitySource: laws_history.ACTIVITY_LAWS,
    PaymentChannel: laws_payments.LAWS,
    PayableSource: laws_payables.LAWS,
}
"""The laws of each capability. The name of the function is the title of the law."""


class Verdict(StrEnum):
    """What came of a law."""

    OK = "ok"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class LawResult:
    """One law tried on one connector."""

    title: str
    verdict: Verdict
    detail: str = ""
    """What was seen, or why the law does not apply."""
    exemption: str = ""
    """The reason of the exemption, where there is one."""


def run_laws(
    name: str, *, registry: Registry | None = None, counterpart: Callable[[], Any] | None = None
) -> list[LawResult]:
    """Try all laws of a connector's capabilities.

    Each law gets a new counterpart: ``counterpart()`` where given, else the connector's own simulator. A counterpart
    that shares a real server gives people of its own to each call.
    """
    found = registry or Registry()
    make = counterpart or own_simulator(name, found)
    if make is None:
        raise ConfigurationError([Fault(str(found.folder(name)), "needs_server", untried(name, registry=found))])
    return list(try_laws(found.load(name), make))


def untried(name: str, *, registry: Registry | None = None) -> str:
    """Why `run_laws` alone cannot try a connector's laws, and how they are tried; empty when it can."""
    found = registry or Registry()
    if own_simulator(name, found) is not None:
        return ""
    count = len(laws_for(found.load(name)))
    return f"its {count} laws need a real server; the test-suite starts one and tries them: {SUITE} -k {name}"


def try_laws(connector: type[Connector], make: Callable[[], Any]) -> Iterator[LawResult]:
    """Try all laws of a class on counterparts made by ``make``, one after the other, as they come out."""
    exempt: Mapping[str, str] = getattr(make, "exempt", {})
    laws = laws_for(connector)
    unknown = sorted(set(exempt) - {law.__name__ for law in laws})
    if unknown:
        yield LawResult("exemptions_name_laws", Verdict.FAILED, f"there are no such laws: {', '.join(unknown)}")
    for law in laws:
        yield try_law(law, connector, make)


def laws_for(connector: type[Connector]) -> Sequence[Law]:
    """The laws of everything a class can do."""
    return [law for capability, laws in LAWS.items() if issubclass(connector, capability) for law in laws]


def try_law(law: Law, connector: type[Connector], make: Callable[[], Any]) -> LawResult:
    """Try one law on a fresh bench; ``make.exempt`` may excuse it."""
    exempt: Mapping[str, str] = getattr(make, "exempt", {})
    return _judged(_tried(law, connector, make), exempt.get(law.__name__))


def _tried(law: Law, connector: type[Connector], make: Callable[[], Any]) -> LawResult:
    title = law.__name__
    try:
        bench = Bench(connector, make)
        try:
            law(bench)
        finally:
            bench.close()
    except NotApplicableError as reason:
        return LawResult(title, Verdict.NOT_APPLICABLE, str(reason))
    except LawBrokenError as broken:
        return LawResult(title, Verdict.FAILED, str(broken))
    except Exception as error:  # noqa: BLE001 - whatever a connector raises where it should not is a broken law
        return LawResult(title, Verdict.FAILED, f"raised {type(error).__name__}: {error}")
    return LawResult(title, Verdict.OK)


def _judged(result: LawResult, reason: str | None) -> LawResult:
    """An exemption is strict: it excuses a broken law, and is itself a failure when the law holds."""
    if reason is None:
        return result
    if result.verdict is Verdict.FAILED:
        return LawResult(result.title, Verdict.EXEMPT, f"{reason} ({result.detail})", reason)
    return LawResult(result.title, Verdict.FAILED, f"exempt ({reason}), yet it is {result.verdict}: end the exemption")
