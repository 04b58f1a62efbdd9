"""The laws that `baton check` tries: a module of its own, since loading them takes longer than most commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from baton.cli.output import Voice, working
from baton.kit.run import LawResult, Verdict, run_laws, untried
from baton.registry import Registry


@dataclass
class Tried:
    """What came of trying some connectors' laws."""

    laws: dict[str, list[LawResult]] = field(default_factory=dict)
    """Connector -> each of its laws."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Connector -> where its laws are tried instead."""

    @property
    def broken(self) -> bool:
        """True when a law was."""
        return any(law.verdict is Verdict.FAILED for results in self.laws.values() for law in results)


def try_laws(voice: Voice, connectors: Iterable[str], registry: Registry) -> Tried:
    """Try and show the laws of these connectors."""
    tried = Tried()
    for connector in dict.fromkeys(connectors):
        how = untried(connector, registry=registry)
        if how:
            tried.elsewhere[connector] = how
            voice.say("{name}: {how}", name=connector, how=how)
        else:
            with working(voice, connector):
                tried.laws[connector] = run_laws(connector, registry=registry)
            _show(voice, connector, tried.laws[connector])
    return tried


def _show(voice: Voice, connector: str, results: Sequence[LawResult]) -> None:
    shown = [law for law in results if law.verdict is not Verdict.OK]
    if shown:
        voice.table(["law", "result", "detail"], [(law.title, law.verdict, law.detail) for law in shown])
    count = {verdict: sum(law.verdict is verdict for law in results) for verdict in Verdict}
    voice.say(
        "{name}: {passed} laws kept, {failed} broken, {skipped} not applicable",
        name=connector,
        passed=count[Verdict.OK],
        failed=count[Verdict.FAILED],
        skipped=count[Verdict.NOT_APPLICABLE] + count[Verdict.EXEMPT],
    )
