"""Feishu's own SDK, loaded when a test first asks for something in it.

It is ten thousand modules and takes longer than everything else together that tests import: a process that only
collects these tests need not load it.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any, Final


class _Later:
    """A module whose names are asked for as its attributes."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest looks for marks of its own at whatever a module of tests has
            raise AttributeError(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the SDK's own imports warn about is not ours to judge
            module = importlib.import_module(self._name)
        return getattr(module, name)


lark: Final = _Later("lark_oapi")
approval: Final = _Later("lark_oapi.api.approval.v4")
people: Final = _Later("lark_oapi.api.contact.v3")
messages: Final = _Later("lark_oapi.api.im.v1")
passports: Final = _Later("lark_oapi.api.passport.v1")
requests: Final = _Later("lark_oapi.core.model")
tokens: Final = _Later("lark_oapi.core.token.manager")


def forget_tokens() -> None:
    """The SDK keeps tokens per app id for the whole process."""
    manager = tokens.TokenManager
    manager.cache = type(manager.cache)()
