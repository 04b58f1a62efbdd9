"""Small readers over a table of a mapping file: known keys, one of several words, a list of texts."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from baton.mapping.document import FaultLog, Listing, Node, Table, Text


def close_to(name: str, names: Collection[str]) -> str:
    """A hint at the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def known_keys(table: Table, keys: Sequence[str], what: str, log: FaultLog) -> None:
    """Report every key that does not belong."""
    for key in table.entries:
        if key not in keys and not key.startswith("\x00"):
            log.add(table.lines[key], "unknown_key", f"{what} has no key {key!r}{close_to(key, keys)}")


def text_of(table: Table, key: str, log: FaultLog) -> str | None:
    """The non-empty text under a key; None (and a fault) for anything else, None alone where the key is missing."""
    node = table.entries.get(key)
    if node is None:
        return None
    if not isinstance(node, Text) or not node.value:
        log.add(node.line, "wrong_shape", f"{key!r} must be a text")
        return None
    return node.value


def choice(table: Table, key: str, allowed: Sequence[str], log: FaultLog, *, required: bool = False) -> str | None:
    """The word under a key when it is one of those allowed."""
    if key not in table.entries:
        if required:
            log.add(table.line, "missing_key", f"the key {key!r} is missing: one of {', '.join(allowed)}")
        return None
    text = text_of(table, key, log)
    if text is not None and text not in allowed:
        message = f"{key!r} must be one of {', '.join(allowed)}, not {text!r}"
        log.add(table.lines[key], "unknown_value", message)
        return None
    return text


def text_list(node: Node, what: str, log: FaultLog) -> tuple[str, ...]:
    """One text or a list of non-empty texts, without repetition."""
    if isinstance(node, Text):
        items: tuple[Node, ...] = (node,)
    elif isinstance(node, Listing):
        items = node.items
    else:
        items = ()
    if not items:
        log.add(node.line, "wrong_shape", f"{what!r} must be a text or a list of texts")
    texts: list[str] = []
    for item in items:
        if not isinstance(item, Text) or not item.value:
            log.add(item.line, "wrong_shape", f"{what!r} must hold texts only")
        elif item.value in texts:
            log.add(item.line, "repeated", f"{item.value!r} stands twice in {what!r}")
        else:
            texts.append(item.value)
    return tuple(texts)
