"""Finds and reads bank profiles: ours, packaged here, and a customer's in ``mappings/payment``.

A customer's profile is usually ours and a few values of its contract: ``based_on`` names the one it adds to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from baton.banking.profile import BankProfile
from baton.banking.writing import LAYOUTS
from baton.errors import ConfigurationError, Fault
from baton.strict_yaml import Document, Location, Plain, TableNode, did_you_mean, parse, read, trouble_at

_BASE: Final = "based_on"
_PACKAGED: Final = files("baton.banking") / "profiles"
_MOST_KEPT: Final = 32
"""Profiles in memory: a company pays through a handful of banks."""


def packaged() -> tuple[str, ...]:
    """The names of the profiles that come with Baton."""
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in _PACKAGED.iterdir()))


def load_profile(name: str, folder: Path | None = None) -> BankProfile:
    """The profile ``<folder>/<name>.yaml``, or the packaged one of that name.

    `ConfigurationError` with everything that is wrong, each with file and line.
    """
    if not _is_name(name):
        place = f"{folder}/{name}.yaml" if folder is not None else repr(name)
        raise ConfigurationError([Fault(place, "name", "a profile's name has small letters, digits and -")])
    own = folder / f"{name}.yaml" if folder is not None else None
    trouble = ("no_such_file", "") if own is None else trouble_at(own)
    if own is not None and (trouble is None or trouble[0] != "no_such_file"):
        return _own(name, own)  # where it cannot be looked at, ours of that name may not be what is meant
    if name in packaged():
        return _of_ours(name)
    known = sorted({*packaged(), *(file.stem for file in (folder.glob("*.yaml") if folder is not None else ()))})
    hint = did_you_mean(name, known) or f"; there are: {', '.join(known)}"
    place = str(own) if own is not None else "bank profiles"
    raise ConfigurationError([Fault(place, "no_such_profile", f"there is no bank profile {name!r}{hint}")])


def load_profiles(folder: Path) -> dict[str, BankProfile]:
    """Every profile of a customer's folder by name; all faults of all of them at once."""
    profiles: dict[str, BankProfile] = {}
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            profiles[file.stem] = load_profile(file.stem, folder)
        except ConfigurationError as error:
            faults += error.faults
    if faults:
        raise ConfigurationError(faults)
    return profiles


def _is_name(name: str) -> bool:
    return re.fullmatch("[a-z0-9][a-z0-9-]{0,39}", name) is not None


def _own(name: str, file: Path) -> BankProfile:
    """A customer's. The file is read each time, its content taken apart once: that costs a hundred times as much."""
    try:
        content = file.read_bytes()
    except OSError:
        return _load(name, read(file).raise_if_faulty())  # which says why it cannot be read
    return _understood(name, str(file), content)


@lru_cache(maxsize=_MOST_KEPT)
def _understood(name: str, place: str, content: bytes) -> BankProfile:
    return _load(name, parse(content, place))


@lru_cache(maxsize=_MOST_KEPT)
def _of_ours(name: str) -> BankProfile:
    return _load(name, _packaged(name))


def _packaged(name: str) -> Document:
    return parse((_PACKAGED / f"{name}.yaml").read_bytes(), f"baton/banking/profiles/{name}.yaml")


def _load(name: str, document: Document) -> BankProfile:
    documents = [document, *_base_of(document)]
    faults = [fault for each in documents for fault in each.faults]
    merged: Plain = {}
    for each in reversed(documents):
        merged = _merged(merged, each.plain())
    if not isinstance(merged, dict) or not isinstance(document.root, TableNode):
        raise ConfigurationError([*faults, document.fault((), "shape", "a bank profile is a table")])
    merged.pop(_BASE, None)
    if "name" in merged:
        faults.append(document.fault(["name"], "unknown_key", "a profile has the name of its file"))
    layout = LAYOUTS.get(str(merged.get("format")))
    if layout is None:
        near = did_you_mean(str(merged.get("format")), LAYOUTS)
        known = ", ".join(LAYOUTS)
        raise ConfigurationError([*faults, document.fault(["format"], "format", f"is none of {known}{near}")])
    try:
        profile = layout.profile.model_validate({**merged, "name": name})
    except ValidationError as error:
        faults += _placed(error, documents, layout.profile)
    if faults:
        raise ConfigurationError(faults)
    return profile


def _base_of(document: Document) -> Iterator[Document]:
    if not isinstance(document.root, TableNode) or _BASE not in document.root.entries:
        return
    base = document.root.entries[_BASE].plain()
    if not isinstance(base, str) or base not in packaged():
        near = did_you_mean(str(base), packaged())
        fault = document.fault([_BASE], "no_such_profile", f"{base!r} does not come with Baton{near}")
        raise ConfigurationError([*document.faults, fault])
    yield _packaged(base)


def _merged(base: Plain, over: Plain) -> Plain:
    """Tables are merged key by key; everything else is replaced as a whole, and so is a table of another format."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: _merged(_alike(base.get(key), value), value) for key, value in over.items()}}
    return over


def _alike(base: Plain, over: Plain) -> Plain:
    if isinstance(base, dict) and isinstance(over, dict) and "format" in over and over["format"] != base.get("format"):
        return {}
    return base


def _placed(error: ValidationError, documents: list[Document], model: type[BankProfile]) -> Iterator[Fault]:
    """Each complaint in the file where the value stands, or in the customer's own where it stands nowhere."""
    for index, detail in enumerate(error.errors(include_input=False)):
        location: Location = detail["loc"]
        home = next((each for each in documents if location and each.node(location) is not None), documents[0])
        yield home.faults_of(error, model=model)[index]
