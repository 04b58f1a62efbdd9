"""Text for XML files that are put together as text."""

from __future__ import annotations


def escaped(text: str) -> str:
    """Character data: ``&``, ``<`` and ``>`` replaced. Control characters are refused long before (`problems`)."""
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def element(name: str, text: str) -> str:
    """An element with text."""
    return f"<{name}>{escaped(text)}</{name}>"


def element_if(name: str, text: str) -> str:
    """An element, or nothing where there is no text."""
    return element(name, text) if text else ""


def declaration(encoding: str) -> str:
    """With double quotes: at least one bank has refused files that have single ones."""
    return f'<?xml version="1.0" encoding="{encoding.upper()}"?>\n'
