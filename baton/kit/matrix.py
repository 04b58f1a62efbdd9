"""The page that says which connector keeps which law: derived from what the laws said, never written by hand.

``python -m baton.kit.matrix`` (from a checkout) tries every law on every connector, real servers included, and writes
docs/conformance.md; with names it tries those connectors and keeps what the page says of the others. The test-suite
compares each verdict it sees with the page, so that a stale page fails it.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from baton.errors import ConfigurationError
from baton.kit.run import LAWS, LawResult, Verdict, try_laws
from baton.kit.servers import Make, NoServerError, counterparts, own_simulator
from baton.registry import Registry

Cells = Mapping[tuple[str, str], tuple[str, str]]
"""(connector, law) -> (word, reason)."""

PAGE: Final = Path("docs") / "conformance.md"
_WORDS: Final[Mapping[Verdict, str]] = {
    Verdict.OK: "ok",
    Verdict.EXEMPT: "exempt",
    Verdict.NOT_APPLICABLE: "–",
    Verdict.FAILED: "BROKEN",
}
_BROKEN: Final = Verdict.FAILED
_REASONS: Final = "## Reasons"
_LAST_ROW: Final = "tried on"
_INTRODUCTION: Final = """# Conformance

Which connector keeps which law. Written by `python -m baton.kit.matrix`; the test-suite fails when it is out of date.
What the laws are and how a connector comes to keep them: [connector-guide.md](connector-guide.md).

`ok`: the law holds. `exempt`: this vendor cannot keep it, with the reason. `–`: it has nothing to say here, with the
reason. The last row names the other side the laws were tried on.
"""


@contextmanager
def other_side(name: str, root: Path, registry: Registry) -> Iterator[Make]:
    """What makes counterparts for a connector: its own simulator, or the real server that the checkout starts."""
    own = own_simulator(name, registry)
    if own is not None:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="baton-laws-") as scratch, counterparts(name, root, Path(scratch)) as make:
        yield make


def tried(names: Iterable[str], registry: Registry, root: Path) -> dict[str, list[LawResult]]:
    """Every law of these connectors, tried now. Raises `NoServerError` where a real server cannot be had."""
    results = {}
    for name in names:
        with other_side(name, root, registry) as make:
            results[name] = list(try_laws(registry.load(name), make))
    return results


def render(cells: Cells, registry: Registry) -> str:
    """The page."""
    notes: dict[str, int] = {}
    sections = [_section(capability, cells, registry, notes) for capability in LAWS]
    reasons = "\n".join(f"{number}. {reason}" for reason, number in notes.items())
    return "\n".join([_INTRODUCTION, *filter(None, sections), _REASONS, "", reasons, ""])


def cell(result: LawResult) -> tuple[str, str]:
    """What the page says of one result: the word, and the reason where there is one."""
    reason = {Verdict.EXEMPT: result.exemption, Verdict.NOT_APPLICABLE: result.detail}.get(result.verdict, "")
    return _WORDS[result.verdict], reason


def recorded(page: str) -> dict[tuple[str, str], tuple[str, str]]:
    """What a page says."""
    table, _, tail = page.partition(_REASONS)
    numbered = (line.partition(". ") for line in tail.splitlines())
    reasons = {number: reason for number, dot, reason in numbered if dot and number.isdecimal()}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    names: list[str] = []
    for line in table.splitlines():
        cells = [each.strip() for each in line.strip("|").split("|")]
        if line.startswith("| law |"):
            names = cells[1:]
        elif line.startswith("| ") and cells[0] != _LAST_ROW:
            for name, text in zip(names, cells[1:], strict=True):
                word, _, note = text.partition(" ")
                found[name, cells[0].replace(" ", "_")] = (word, reasons[note.strip("()")] if note else "")
    return found


def _section(capability: type[Any], cells: Cells, registry: Registry, notes: dict[str, int]) -> str:
    names = [name for name in registry.names() if issubclass(registry.load(name), capability)]
    names = [name for name in names if any(connector == name for connector, _ in cells)]
    if not names:
        return ""
    lines = [f"## {capability.__name__}", "", f"| law | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for law in LAWS[capability]:
        shown = []
        for name in names:
            word, reason = cells.get((name, law.__name__), ("?", ""))
            shown.append(f"{word} ({notes.setdefault(reason, len(notes) + 1)})" if reason else word)
        lines.append(f"| {law.__name__.replace('_', ' ')} | {' | '.join(shown)} |")
    sides = ["simulator" if own_simulator(name, registry) else "real server" for name in names]
    return "\n".join([*lines, f"| {_LAST_ROW} | {' | '.join(sides)} |", ""])


def main(root: Path, names: Sequence[str]) -> int:
    """Write the page: these connectors (default: all) tried now, the others as it has them. 0 when no law is broken."""
    registry, page = Registry(), root / PAGE
    cells = recorded(page.read_text(encoding="utf-8")) if names and page.exists() else {}
    try:
        results = tried(names or registry.names(), registry, root)
    except (NoServerError, ConfigurationError) as error:
        sys.stderr.write(f"nothing was written: {error}\n")
        return 2
    kept = {key: said for key, said in cells.items() if key[0] not in results}
    new = {(name, result.title): cell(result) for name, said in results.items() for result in said}
    page.write_text(render({**kept, **new}, registry), encoding="utf-8")
    broken = [f"{name}: {r.title}: {r.detail}" for name, said in results.items() for r in said if r.verdict is _BROKEN]
    sys.stdout.write(f"written: {page}\n" + "".join(f"BROKEN {line}\n" for line in broken))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(Path.cwd(), sys.argv[1:]))
