"""Writes the folder of a new connector: a complete small one that keeps every law, to be turned into the real one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from baton.errors import ConfigurationError, Fault
from baton.registry import NAME

KINDS: Final = ("hr", "crm", "erp", "oa", "bank", "mail", "sms")
_TEMPLATES: Final[Mapping[str, str]] = {
    "connector.py.txt": "{package}/{name}/connector.py",
    "simulator.py.txt": "{package}/{name}/simulator.py",
    "README.md.txt": "{package}/{name}/README.md",
    "test_connector.py.txt": "tests/connectors/{kind}/test_{short}_laws.py",
}
_FROM: Final = "crm/example"


def new_connector(name: str, root: Path | str = ".", *, package: str = "connectors") -> list[Path]:
    """Write the files of connector ``<kind>/<name>`` below a checkout and return them.

    Nothing that exists is touched: `ConfigurationError` when the name is wrong or any file is already there.
    """
    kind, _, short = name.partition("/")
    if not NAME.fullmatch(name) or kind not in KINDS:
        message = (
            f"{name[:60]!r} is not <kind>/<name>: lower-case letters, digits and _, kind one of {', '.join(KINDS)}"
        )
        raise ConfigurationError([Fault("new-connector", "connector_name", message)])
    folder = Path(root)
    texts = {folder / package / name / "__init__.py": f'"""{title(name)}."""\n'}
    for template, target in _TEMPLATES.items():
        path = folder / target.format(package=package, name=name, kind=kind, short=short)
        texts[path] = render(template, name, package)
    present = [Fault(str(path), "exists", "is already there; nothing was written") for path in texts if path.exists()]
    if present:
        raise ConfigurationError(present)
    for parent in (folder / package, folder / package / kind):
        if not (parent / "__init__.py").exists():
            texts[parent / "__init__.py"] = f'"""Connectors: {parent.name}."""\n'
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(texts)


def render(template: str, name: str = _FROM, package: str = "connectors") -> str:
    """One template with the example's names replaced by the connector's."""
    text = resources.files("baton.kit").joinpath("templates", template).read_text(encoding="utf-8")
    module = f"{package}.{name.replace('/', '.')}."
    text = text.replace(_FROM, name).replace("connectors.crm.example.", module)
    return text.replace("Example", title(name))


def title(name: str) -> str:
    """The class-name form of a connector's own name: ``crm/my_vendor`` -> ``MyVendor``."""
    return "".join(part.capitalize() for part in name.rpartition("/")[2].split("_"))
