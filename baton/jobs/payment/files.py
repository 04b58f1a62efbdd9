"""The YAML files a person writes for payments: strict tables, read whole or refused with every fault at its line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from baton.errors import ConfigurationError, Fault
from baton.strict_yaml import Document, parse, read, require_file


class Part(BaseModel):
    """Base of all parts: unknown keys are faults, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, populate_by_name=True)


Whole = TypeVar("Whole", bound=Part)


def load(file: Path, model: type[Whole]) -> Whole:
    """Read a file; one `ConfigurationError` with everything that is wrong, each with its line."""
    require_file(file)
    return _modelled(read(file), model)


def loads(content: bytes, name: str, model: type[Whole]) -> Whole:
    """The same for bytes that are at hand; ``name`` is what faults call them."""
    return _modelled(parse(content, name), model)


def _modelled(document: Document, model: type[Whole]) -> Whole:
    faults: Sequence[Fault] = document.faults
    try:
        parsed = model.model_validate(document.plain())
    except ValidationError as error:
        raise ConfigurationError([*faults, *document.faults_of(error, model=model)]) from None
    if faults:
        raise ConfigurationError(faults)
    return parsed
