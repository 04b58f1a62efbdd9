"""What can be told from a settings model: which fields are secret, which are paths."""

from __future__ import annotations

import typing
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, SecretBytes, SecretStr

Model = TypeVar("Model", bound=BaseModel)


def secret_fields(model: type[BaseModel]) -> dict[str, bool]:
    """The names of all secret fields, each with whether it is required."""
    return {name: info.is_required() for name, info in model.model_fields.items() if _is_secret(info.annotation)}


def anchored(settings: Model, root: Path) -> Model:
    """The same settings with every relative local path made absolute below ``root`` (nested models included)."""
    changes: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, Path) and not value.is_absolute():
            changes[name] = root / value
        elif isinstance(value, BaseModel):
            changes[name] = anchored(value, root)
    return settings.model_copy(update=changes) if changes else settings


def _is_secret(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, (SecretStr, SecretBytes)):
        return True
    return any(_is_secret(part) for part in typing.get_args(annotation))
