"""YAML as a table of text: every scalar stays the text it was written as, every fault is collected with its line.

``0012``, ``NO`` and ``12:30`` survive. Duplicate keys, anchors and aliases, tags, merge keys, directives and several
documents in one file are refused; size, depth and node count are capped. Typed values come later, from pydantic in
its lax mode; `Document.faults_of` places pydantic's complaints on the lines they are about.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import yaml
from pydantic import BaseModel, ValidationError
from yaml import events

from baton.errors import ConfigurationError, Fault
from baton.whole_text import COMPLAINT, RULE, is_whole

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 24
MAX_NODES: Final = 100_000
_KEPT_BYTES: Final = 64 * 1024
"""Larger documents are not remembered: what they are read into takes many times their size."""
_KEPT_DOCUMENTS: Final = 64
LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it (its wheels do): the parser in Python takes ten times as long, 5 s for a file at the cap.
"""

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain] | None"
Location: TypeAlias = Sequence[str | int]
"""A path through a document: keys and list positions from the root."""


@dataclass(frozen=True, slots=True)
class TextNode:
    """A scalar. ``text`` is None for a value left empty; ``null`` and ``~`` are text like any other."""

    line: int
    text: str | None
    quoted: bool = False

    def plain(self) -> Plain:
        """The text."""
        return self.text


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    line: int
    items: tuple[Node, ...] = ()

    def plain(self) -> Plain:
        """Nested lists, dicts and text."""
        return [item.plain() for item in self.items]


@dataclass(frozen=True, slots=True)
class TableNode:
    """A mapping with text keys, in file order. The ``line`` of each entry is the line of its key."""

    line: int
    entries: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))

    def plain(self) -> Plain:
        """Nested lists, dicts and text."""
        return {key: node.plain() for key, node in self.entries.items()}


Node: TypeAlias = TextNode | ListNode | TableNode
_Complaint: TypeAlias = tuple[int | None, str, str]
"""Line, rule, message: a fault in a text, whatever file it is in."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file as read. ``root`` is as complete as the faults allow; use it only to find further faults."""

    name: str
    root: Node
    faults: tuple[Fault, ...] = ()

    def plain(self) -> Plain:
        """The whole document as nested dicts, lists and text."""
        return self.root.plain()

    def node(self, location: Location) -> Node | None:
        """The node at a location, or None."""
        here: Node | None = self.root
        for step in location:
            here = _child(here, step)
        return here

    def line(self, location: Location) -> int:
        """The line of a location, or of its nearest ancestor that exists."""
        here: Node = self.root
        for step in location:
            child = _child(here, step)
            if child is None:
                break
            here = child
        return here.line

    def place(self, location: Location = ()) -> str:
        """``file:line`` of a location, or of its nearest ancestor that exists."""
        return f"{self.name}:{self.line(location)}"

    def fault(self, location: Location, rule: str, message: str) -> Fault:
        """A fault placed on the line of a location."""
        return Fault(self.place(location), rule, message)

    def faults_of(
        self, error: ValidationError, at: Location = (), *, model: type[BaseModel] | None = None
    ) -> list[Fault]:
        """Pydantic's complaints about the part of the document at ``at``, each on its line, input never repeated.

        ``model`` is used to suggest the right name for an unknown key on its top level.
        """
        known = tuple(model.model_fields) if model is not None else ()
        return [self._fault_of(detail, tuple(at), known) for detail in error.errors(include_input=False)]

    def raise_if_faulty(self) -> Document:
        """Self, or all faults at once."""
        if self.faults:
            raise ConfigurationError(self.faults)
        return self

    def _fault_of(self, detail: Any, at: tuple[str | int, ...], known: Sequence[str]) -> Fault:
        location = (*at, *detail["loc"])
        named = ".".join(str(step) for step in location if step != "[key]") or "the document"
        if detail["type"] == "extra_forbidden":
            hint = did_you_mean(str(location[-1]), known) if len(detail["loc"]) == 1 else ""
            return self.fault(location, "unknown_key", f"{named} is not known here{hint}")
        if detail["type"] == "missing":
            return self.fault(location, "missing", f"{named} is missing")
        message = str(detail["msg"]).removeprefix("Value error, ")
        return self.fault(location, str(detail["type"]), f"{named}: {message}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the closest known names, or nothing."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(match) for match in close)}?" if close else ""


def read(path: Path | str, *, shown_as: str | None = None) -> Document:
    """Read one file. Faults are collected, never raised: see `Document.faults` and `Document.raise_if_faulty`."""
    file = Path(path)
    name = shown_as or str(path)
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        fault = Fault(name, "unreadable_file", f"cannot be read: {error.strerror or type(error).__name__}")
        return Document(name, TableNode(1), (fault,))
    return parse(content, name)


def trouble_at(file: Path) -> tuple[str, str] | None:
    """Rule and message where no file stands that can be read; None where one does."""
    try:
        if not file.is_file():
            return "no_such_file", "there is no such file"
        file.open("rb").close()
    except OSError as error:
        return "unreadable_file", f"cannot be read: {error.strerror or type(error).__name__}"
    return None


def require_file(file: Path) -> None:
    """`ConfigurationError` where no file stands that can be read."""
    trouble = trouble_at(file)
    if trouble is not None:
        raise ConfigurationError([Fault(str(file), *trouble)])


def require_folder(folder: Path) -> None:
    """`ConfigurationError` where no folder stands whose content can be listed."""
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError:
        raise ConfigurationError([Fault(str(folder), "no_such_folder", "there is no such folder")]) from None
    except NotADirectoryError:
        raise ConfigurationError([Fault(str(folder), "no_such_folder", "is a file, and no folder")]) from None
    except OSError as error:
        message = f"cannot be read: {error.strerror or type(error).__name__}"
        raise ConfigurationError([Fault(str(folder), "unreadable_folder", message)]) from None


def parse(content: bytes, name: str) -> Document:
    """Read a document from its bytes (UTF-8, a byte order mark allowed); ``name`` is what faults call the file."""
    if len(content) > MAX_BYTES:
        return Document(name, TableNode(1), (Fault(name, "too_large", f"larger than {MAX_BYTES} bytes"),))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        fault = Fault(f"{name}:{line}", "encoding", "not UTF-8; save the file as UTF-8")
        return Document(name, TableNode(1), (fault,))
    root, complaints = (_remembered if len(content) <= _KEPT_BYTES else _built)(text)
    return Document(name, root, tuple(Fault(_at(name, line), rule, message) for line, rule, message in complaints))


def _at(name: str, line: int | None) -> str:
    return name if line is None else f"{name}:{line}"


def _built(text: str) -> tuple[Node, tuple[_Complaint, ...]]:
    """What a text holds, and what is wrong with it; no file has a part in it."""
    builder = _Builder()
    try:
        builder.feed(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        if mark and text[mark.index : mark.index + 1] == "\t":
            problem = "a tab stands where YAML takes blanks only"
        builder.complain(mark.line + 1 if mark else None, "syntax", problem)
    except yaml.YAMLError:  # the reader's: a character YAML forbids
        builder.complain(None, "syntax", "contains a character that YAML does not allow")
    except _TooMuchError as error:
        builder.complain(error.line, error.rule, error.message)
    return builder.root(), tuple(builder.complaints)


_remembered = functools.lru_cache(_KEPT_DOCUMENTS)(_built)
"""Reading takes its time (5 ms a kilobyte without libyaml), and a pay run looks at the bank's profile and the policy at
every step; nothing that comes out of it can be changed."""


class _TooMuchError(Exception):
    def __init__(self, line: int, rule: str, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.rule = rule
        self.message = message


class _Open:
    """A collection whose end has not been seen yet."""

    def __init__(self, line: int, *, table: bool) -> None:
        self.line = line
        self.table = table
        self.entries: dict[str, Node] = {}
        self.items: list[Node] = []
        self.key: tuple[str, int] | None = None
        self.awaits_key = table

    def closed(self, line: int) -> Node:
        if self.table:
            return TableNode(line, MappingProxyType(dict(self.entries)))
        return ListNode(line, tuple(self.items))


class _Builder:
    """Builds nodes from YAML events, with its own stack so that depth is a limit and never a crash."""

    def __init__(self) -> None:
        self.complaints: list[_Complaint] = []
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0
        self._nodes = 0

    def root(self) -> Node:
        """What has been built; collections left open by a syntax error are closed as they are."""
        while self._stack:
            top = self._stack.pop()
            self._place(top.closed(top.line))
        return self._root or TableNode(1)

    def feed(self, stream: Iterator[events.Event]) -> None:
        """Take all events of a file, up to the first one of a second document."""
        for event in stream:
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, events.DocumentStartEvent):
                self._documents += 1
                if event.version or event.tags:
                    self.complain(line, "directive", "YAML directives are not used here")
                if self._documents > 1:
                    self.complain(line, "several_documents", "one file holds one document; remove the '---'")
                    return
            elif isinstance(event, events.AliasEvent):
                self.complain(line, "alias", "aliases are not used here; write the value out")
                self._place(TextNode(line, None))
            elif isinstance(event, events.NodeEvent):
                self._node(event, line)
            elif isinstance(event, events.CollectionEndEvent):
                top = self._stack.pop()
                self._place(top.closed(top.line))

    def _node(self, event: Any, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise _TooMuchError(line, "too_large", f"more than {MAX_NODES} values")
        if event.anchor is not None:
            self.complain(line, "anchor", "anchors are not used here")
        if event.tag is not None:
            self.complain(line, "tag", "tags are not used here; every value is text")
        if isinstance(event, events.ScalarEvent):
            if not is_whole(event.value):  # libyaml refuses such an escape by itself
                self.complain(line, RULE, f"this text {COMPLAINT}")
            if "\0" in event.value:  # as an escape: in a path or a name the system stops there, or Python raises
                self.complain(line, "nul", "a NUL character written as an escape: take it out")
            quoted = bool(event.style)  # of plain text it is None, or "" where libyaml has read it
            self._place(TextNode(line, None if event.value == "" and not quoted else event.value, quoted))
            return
        if len(self._stack) >= MAX_DEPTH:
            raise _TooMuchError(line, "too_deep", f"nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Open(line, table=isinstance(event, events.MappingStartEvent)))

    def _place(self, node: Node) -> None:
        """Put a finished node where it belongs: as root, list item, key or value."""
        if not self._stack:
            self._root = self._root or node
            return
        top = self._stack[-1]
        if not top.table:
            top.items.append(node)
        elif top.awaits_key:
            top.key = self._key(node, top)
            top.awaits_key = False
        else:
            if top.key is not None:
                text, line = top.key
                top.entries[text] = _moved(node, line)
            top.awaits_key = True

    def _key(self, node: Node, table: _Open) -> tuple[str, int] | None:
        if not isinstance(node, TextNode) or node.text is None:
            self.complain(node.line, "key", "a key is one piece of text")
        elif node.text == "<<" and not node.quoted:
            self.complain(node.line, "merge", "merge keys are not used here; write the values out")
        elif node.text in table.entries:
            first = table.entries[node.text].line
            self.complain(node.line, "duplicate_key", f"{node.text[:60]!r} already stands on line {first}")
        else:
            return node.text, node.line
        return None

    def complain(self, line: int | None, rule: str, message: str) -> None:
        """Note what is wrong with the text."""
        self.complaints.append((line, rule, message))


def _moved(node: Node, line: int) -> Node:
    if isinstance(node, TextNode):
        return TextNode(line, node.text, node.quoted)
    if isinstance(node, ListNode):
        return ListNode(line, node.items)
    return TableNode(line, node.entries)


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, TableNode) and isinstance(step, str):
        return node.entries.get(step)
    if isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None
