"""Makes spyne importable without harm. Import this before spyne.

spyne 2.14 carries an old copy of ``six`` whose import hook has no ``find_spec``: Python 3.11 warns about it at every
later import of anything, and Python 3.12 ignores it. The copy is loaded here first, and its hook given what six itself
has had since 1.16.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_NAME: Final = "spyne.util.six"


def _find_spec(hook: Any, name: str, *_: Any) -> ModuleSpec | None:
    return importlib.util.spec_from_loader(name, hook) if name in hook.known_modules else None


def _create_module(hook: Any, spec: ModuleSpec) -> ModuleType:
    module: ModuleType = hook.load_module(spec.name)
    return module


def _exec_module(hook: Any, module: ModuleType) -> None:
    """Nothing is left to do: ``load_module`` has done it."""


def _load() -> None:
    package = importlib.util.find_spec("spyne")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("spyne is not installed: the SOAP simulator needs the dependency group 'counterpart'")
    spec = importlib.util.spec_from_file_location(_NAME, Path(package.origin).parent / "util" / "six.py")
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{_NAME} is not where spyne 2.14 has it")
    module = sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    hook = type(module._importer)
    hook.find_spec, hook.create_module, hook.exec_module = _find_spec, _create_module, _exec_module


if _NAME not in sys.modules:
    _load()
logging.getLogger("spyne").setLevel(logging.CRITICAL)  # it would log whole messages
