"""The documents keep up with the code: commands, links, both languages, the promise table, the words."""

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

from baton.cli.language import CHINESE
from baton.cli.main import cli
from baton.contracts import Promise
from baton.describe import describe
from baton.engine.settle import Verdict
from baton.model.account import Action, Outcome
from baton.model.effect import TRANSITIONS, EffectState
from baton.registry import Registry
from baton.settings import load

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ENGLISH = ROOT / "README.md"
CHINESE_README = ROOT / "README.zh-CN.md"
LINK = re.compile(r"\]\(([^)\s#]*)[^)\s]*\)")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def documents():
    spec = importlib.util.spec_from_file_location("documents", ROOT / "tools" / "documents.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECK = documents()


# --- commands and links


@pytest.mark.parametrize("file", sorted(CHECK._documents()), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_and_commands_exist(file):
    assert [*CHECK._links(file), *CHECK._commands(file)] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](nowhere.md)", "leads nowhere"),
        ("# Here\n[a](#there)", "a heading that is not there"),
        ("`make coffee`", "no target coffee"),
        ("`baton fly`", "no command fly"),
        ("`baton plan sync --fast`", "no option --fast"),
        ("```console\n$ baton audit shred\n```\n", "no command shred"),
    ],
)
def test_a_document_that_lies_is_found(tmp_path, text, fault):
    file = tmp_path / "page.md"
    file.write_text(text, encoding="utf-8")
    found = [*CHECK._links(file), *CHECK._commands(file)]
    assert len(found) == 1
    assert fault in found[0]


def typed_commands():
    """Every ``$ baton …`` line of every document."""
    lines = {}
    for file in CHECK._documents():
        for block in FENCE.findall(file.read_text("utf-8")):
            found = re.findall(r"^\$ (?:\.venv/bin/)?baton (.*)$", block, re.MULTILINE)
            lines |= {shlex.join(shlex.split(line, comments=True)): file.name for line in found}
    return sorted(lines.items())


def parse(line):
    """Let the command line itself read it, arguments, choices and required options included; nothing is run."""
    command, words, context = cli, shlex.split(line), None
    while isinstance(command, click.Group):
        context = command.make_context(command.name, words, parent=context)
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
    return command.make_context(name, words, parent=context)


@pytest.mark.parametrize(("line", "file"), typed_commands())
def test_a_command_a_reader_types_is_accepted(line, file):
    assert parse(line).command is not cli


@pytest.mark.parametrize("line", ["release RUN --as NAME", "resolve EFFECT perhaps --as N --why T", "plan", "runs A B"])
def test_a_command_that_would_not_be_accepted_is_found(line):
    with pytest.raises(click.UsageError):
        parse(line)


def test_every_page_can_be_reached_from_the_readme():
    seen, left = set(), [ENGLISH]
    while left:
        page = left.pop()
        if page in seen or page.suffix != ".md" or not page.is_file():
            continue
        seen.add(page)
        left += [(page.parent / link).resolve() for link in LINK.findall(page.read_text("utf-8")) if ":" not in link]
    pages = {*DOCS.rglob("*.md"), ROOT / "CHANGELOG.md", CHINESE_README}
    assert sorted(str(page.relative_to(ROOT)) for page in pages - seen) == []


# --- the two READMEs


def sections(file):
    """Each second-level section as what must be the same in every language."""
    shape = []
    for part in re.split(r"^## .*$", file.read_text("utf-8"), flags=re.MULTILINE):
        blocks = FENCE.findall(part)
        prose = FENCE.sub("", part)
        shape.append(
            {
                "commands": [line.split("#")[0].strip() for block in blocks for line in block.splitlines()],
                "code": sorted(set(re.findall(r"`([^`\n]+)`", prose))),
                "links": sorted(link for link in LINK.findall(prose) if not link.startswith("README")),
                "bullets": len(re.findall(r"^- ", prose, re.MULTILINE)),
                "steps": len(re.findall(r"^\d+\. ", prose, re.MULTILINE)),
                "rows": len(re.findall(r"^\|", prose, re.MULTILINE)),
                "figures": sorted(set(re.findall(r"\d[\d,.]*\d|\d", re.sub(r"\([^)]*\)", "", prose)))),
            }
        )
    return shape


def test_both_readmes_say_the_same():
    english, chinese = sections(ENGLISH), sections(CHINESE_README)
    assert len(english) == len(chinese)
    for number, (one, other) in enumerate(zip(english, chinese, strict=True)):
        assert one == other, f"section {number}"


def test_the_readme_promises_what_the_classes_are():
    told = re.findall(r"^\| \*\*(\w)\*\* \|", ENGLISH.read_text("utf-8"), re.MULTILINE)
    assert told == [promise.value for promise in Promise]


def test_the_readme_tells_every_exit_code():
    told = re.findall(r"\*\*(\d)\*\* ([a-z]+)", ENGLISH.read_text("utf-8"))
    codes = {verdict.value: str(verdict.exit_code) for verdict in Verdict} | {"finished": codes_of_incomplete()}
    codes.pop("incomplete")
    assert {word: code for code, word in told} == codes


def codes_of_incomplete():
    return str(Verdict.INCOMPLETE.exit_code)


# --- what is derived


def promise_row(facts):
    cells = (
        f"[{facts.name}](../connectors/{facts.name}/README.md)",
        facts.title,
        " ".join(f"`{name}`" for name in facts.capabilities),
        ", ".join(action.value for action in facts.actions) or "–",
        f"**{facts.promise}**" if facts.promise else "–",
        "–" if facts.batch_limit is None else f"{facts.batch_limit:,}",
        f"{facts.rate.calls:g} in {facts.rate.per_s:g} s",
    )
    return f"| {' | '.join(cells)} |"


def test_the_promise_table_is_what_the_classes_say():
    """A connector added by somebody else needs no row; one that has a row has the right one."""
    registry = Registry()
    rows = re.findall(r"^(\| \[(\w+/\w+)\]\(.*)$", (DOCS / "promises.md").read_text("utf-8"), re.MULTILINE)
    assert [row for row, _ in rows] == [promise_row(describe(name, registry.load(name))) for _, name in rows]
    shipped = {system.connector for system in load(ROOT / "systems.example.yaml", environ={}).systems.values()}
    assert shipped <= {name for _, name in rows}


def test_every_transition_is_drawn():
    _, _, diagram = (DOCS / "architecture.md").read_text("utf-8").partition("stateDiagram-v2")
    drawn = set(re.findall(r"^  (\w+) --> (\w+)", diagram.partition("```")[0], re.MULTILINE))
    assert drawn == {(before.value, after.value) for before, afters in TRANSITIONS.items() for after in afters}


def test_every_decision_is_listed_once_and_in_order():
    index = (DOCS / "decisions" / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| \[(\d{4})\]\((\d{4}-[\w-]+\.md)\) \| (.+) \|$", index, re.MULTILINE)
    pages = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [name for _, name, _ in listed] == [page.name for page in pages]
    for (number, _, title), page in zip(listed, pages, strict=True):
        assert page.read_text("utf-8").splitlines()[0] == f"# {number}: {title}"


# --- words


def words():
    found = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", (DOCS / "words.md").read_text("utf-8"), re.MULTILINE)
    return [row for row in found if row[0] != "term" and not row[0].startswith("-")]


def test_each_word_stands_once_with_one_sentence():
    terms, chinese, meanings = zip(*words(), strict=True)
    assert len(set(terms)) == len(terms)
    assert len(set(chinese)) == len(chinese)
    assert [meaning for meaning in meanings if not meaning.endswith(".") or ". " in meaning] == []


@pytest.mark.parametrize("term", [term for term, _, _ in words()])
def test_a_word_is_used(term):
    pages = [page for page in (ENGLISH, *DOCS.rglob("*.md"), *ROOT.glob("baton/**/*.py")) if page.name != "words.md"]
    stem = re.compile(rf"\b{re.escape(term).replace(chr(92) + ' ', '[ _-]')}(s|es|d|ed)?\b", re.IGNORECASE)
    assert any(stem.search(page.read_text("utf-8")) for page in pages)


def test_states_actions_and_outcomes_are_among_the_words():
    known = {term for term, _, _ in words()}
    plain = {"planned": "plan", "sent": "batch", "update": "action", "enable": "action"}  # said by another word
    names = {name.value.replace("_", " ") for enum in (EffectState, Action, Outcome) for name in enum}
    assert {plain.get(name, name) for name in names} <= known


def test_the_command_line_speaks_chinese_with_these_words():
    """Where the command line translates one of our terms, it does so as the list says."""
    said = {english: chinese for english, chinese in CHINESE.items() if english in {term for term, _, _ in words()}}
    listed = {term: chinese for term, chinese, _ in words()}
    assert said == {term: listed[term] for term in said}


def test_code_that_the_documents_name_is_there():
    """Paths in backquotes lead to files of the project; patterns and places to fill in aside."""
    wrong = []
    for page in (ENGLISH, *DOCS.rglob("*.md")):
        named = re.findall(r"`((?:baton|connectors|tests|tools|dags|docs)/[\w./-]+)`", page.read_text("utf-8"))
        wrong += [f"{page.name}: {path}" for path in named if not (ROOT / path).exists()]
    assert wrong == []


def test_the_chinese_readme_uses_the_chinese_words():
    """A term of the list that the English README uses has its Chinese word in the Chinese one."""
    english, chinese = ENGLISH.read_text("utf-8"), CHINESE_README.read_text("utf-8")
    central = {"connector", "simulator", "law", "mapping", "held", "reconcile", "payee roster", "checkpoint", "drift"}
    central |= {"audit log", "sealed file", "employee number", "external id", "keyring", "blind index", "resolve"}
    used = [(term, word) for term, word, _ in words() if term in central and re.search(rf"\b{term}", english)]
    assert len(used) > 10
    assert [term for term, word in used if word not in chinese] == []
