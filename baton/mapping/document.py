"""A YAML file read as what a person sees: text, lists and tables, with line numbers, and nothing that runs.

No scalar is interpreted: ``0012``, ``NO`` and ``12:30`` stay the text they are. What YAML can do beyond tables (tags,
anchors and aliases, merge keys, several documents, repeated or composite keys) is refused, as are files too large or
too deep to be a mapping. The file is read as parser events, so nothing is ever constructed from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import yaml
from yaml.reader import Reader

from baton.errors import Fault
from baton.strict_yaml import LOADER

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 8
MAX_NODES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Text:
    """One scalar, exactly as written."""

    value: str
    line: int
    plain: bool = False
    """True when it was written without quotes."""

    @property
    def absent(self) -> bool:
        """True for an empty or ``~`` value without quotes: the way to write "no value" in an example."""
        return self.plain and self.value in ("", "~")


@dataclass(frozen=True, slots=True)
class Listing:
    """A sequence of nodes."""

    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values in the order written; ``lines`` places each key."""

    entries: Mapping[str, Node]
    lines: Mapping[str, int]
    line: int


Node: TypeAlias = Text | Listing | Table


@dataclass(slots=True)
class FaultLog:
    """Collects everything wrong in one file, so that a person sees all of it at once."""

    file: str
    faults: list[Fault] = field(default_factory=list)

    def add(self, line: int, rule: str, message: str) -> None:
        """Note one fault at a line (1-based; 0 when a line makes no sense)."""
        self.faults.append(Fault(f"{self.file}:{line}" if line else self.file, rule, message))


class _UnreadableError(Exception):
    """Reading cannot go on; the reason is already in the log."""


@dataclass(slots=True)
class _Open:
    """A list or table whose end has not been seen yet."""

    line: int
    keyed: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    key: str | None = None
    key_line: int = 0
    spare_keys: int = 0


def read_document(path: Path, log: FaultLog) -> Table | None:
    """The table in the file, or None (with the reasons in the log) when there is none to be had."""
    text = _text_of(path, log)
    if text is None:
        return None
    forbidden = Reader.NON_PRINTABLE.search(text)
    if forbidden is not None:  # libyaml would not say where, in a text that is not ASCII
        line = text.count("\n", 0, forbidden.start()) + 1
        log.add(line, "yaml.character", "a control character that YAML does not allow: remove it")
        return None
    builder = _Builder(log)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except _UnreadableError:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        log.add(mark.line + 1 if mark else 0, "yaml.syntax", f"not readable as YAML: {error.problem or error.context}")
        return None
    if builder.root is None:
        log.add(0, "yaml.empty", "the file holds nothing")
    elif not isinstance(builder.root, Table):
        log.add(builder.root.line, "wrong_shape", "the file must be a table of keys and values")
    return builder.root if isinstance(builder.root, Table) else None


def _text_of(path: Path, log: FaultLog) -> str | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        log.add(0, "unreadable", f"cannot be read: {error.strerror or type(error).__name__}")
        return None
    if len(content) > MAX_BYTES:
        log.add(0, "yaml.too_large", f"larger than {MAX_BYTES // 1024} KiB: a mapping is a small table")
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        log.add(content.count(b"\n", 0, error.start) + 1, "yaml.encoding", "not UTF-8: save the file as UTF-8")
        return None


class _Builder:
    """Turns parser events into nodes without recursion; refuses what a table does not need."""

    def __init__(self, log: FaultLog) -> None:
        self.root: Node | None = None
        self._log = log
        self._open: list[_Open] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Consume one event."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(line, "yaml.documents", "a second document starts here: one mapping per file")
        elif isinstance(event, yaml.AliasEvent):
            self._log.add(line, "yaml.alias", f"the alias *{event.anchor} is not allowed: write the value out")
            self._place(Text("", line))
        elif isinstance(event, yaml.NodeEvent):
            self._refuse_decoration(event, line)
            self._node(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._stop(line, "yaml.too_large", f"more than {MAX_NODES} values")
        if isinstance(event, yaml.ScalarEvent):
            if Reader.NON_PRINTABLE.search(event.value):  # as an escape: the file itself has none
                self._log.add(line, "yaml.character", "a control character written as an escape: take it out")
            plain = not event.style  # None, or "" where libyaml has read it
            self._place(Text(event.value, line, plain=plain))
        elif len(self._open) >= MAX_DEPTH:
            self._stop(line, "yaml.too_deep", f"nested deeper than {MAX_DEPTH} levels")
        else:
            self._open.append(_Open(line, keyed=isinstance(event, yaml.MappingStartEvent)))

    def _refuse_decoration(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            self._log.add(line, "yaml.alias", f"the anchor &{event.anchor} is not allowed: write the value out")
        if getattr(event, "tag", None) is not None:
            self._log.add(line, "yaml.tag", "a tag (!...) is not allowed: every value is text")

    def _close(self) -> None:
        done = self._open.pop()
        if done.keyed:
            self._place(Table(done.entries, done.lines, done.line))
        else:
            self._place(Listing(tuple(done.items), done.line))

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if not parent.keyed:
            parent.items.append(node)
        elif parent.key is None:
            self._key(parent, node)
        else:
            parent.entries[parent.key] = node
            parent.lines[parent.key] = parent.key_line
            parent.key = None

    def _key(self, parent: _Open, node: Node) -> None:
        name = node.value if isinstance(node, Text) else None
        if name is None:
            self._log.add(node.line, "yaml.key", "a key must be plain text")
        elif name == "<<":
            self._log.add(node.line, "yaml.merge_key", "the merge key << is not allowed: write the entries out")
        elif name in parent.entries:
            first = parent.lines[name]
            self._log.add(node.line, "yaml.duplicate_key", f"the key {name!r} stands here again (first: line {first})")
        else:
            parent.key, parent.key_line = name, node.line
            return
        # The value that follows still has to be read, under a key that no file can contain.
        parent.spare_keys += 1
        parent.key, parent.key_line = f"\x00{parent.spare_keys}", node.line

    def _stop(self, line: int, rule: str, message: str) -> None:
        self._log.add(line, rule, message)
        raise _UnreadableError
