"""What the API's own description cannot see of a route by itself: bodies that are read raw, pages, files, redirects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from baton.console.told import REFUSALS, Told

Responses = dict[int | str, dict[str, Any]]
"""For ``responses`` of a route or a router."""
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
BYTES: Final = "application/octet-stream"
LINES: Final = "application/x-ndjson"
"""One JSON document a line: described as the list of them."""
_DEFINITIONS: Final = "$defs"
_FILE: Final = {"type": "string", "format": "binary"}


def reads(model: type[BaseModel], media_type: str = JSON) -> dict[str, Any]:
    """For ``openapi_extra``: the body is this, however the route comes to it."""
    return reads_as({media_type: shape_of(model)})


def reads_as(shapes: Mapping[str, Any], *, required: bool = True) -> dict[str, Any]:
    """The same for a body in one of these media types, each with its JSON Schema."""
    return {"requestBody": {"required": required, "content": {name: {"schema": each} for name, each in shapes.items()}}}


def reads_bytes() -> dict[str, Any]:
    """The body is a file as it is."""
    return reads_as({BYTES: _FILE})


def reads_files(needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body is a form with these files."""
    parts = dict.fromkeys((*needed, *optional), _FILE)
    return reads_as({"multipart/form-data": {"type": "object", "properties": parts, "required": list(needed)}})


def answers(media_type: str, status: int = 200) -> Responses:
    """For ``responses``: a file or a text of this type."""
    return {status: {"content": {media_type: {"schema": {"type": "string"}}}}}


def shape_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model, whole in itself: no part of it stands elsewhere in the description."""
    schema = model.model_json_schema()
    parts = schema.pop(_DEFINITIONS, {})

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            name = str(value.get("$ref", "")).rpartition("/")[2]
            return whole(parts[name]) if name else {key: whole(each) for key, each in value.items()}
        return [whole(each) for each in value] if isinstance(value, list) else value

    found: dict[str, Any] = whole(schema)
    return found


ON: Final[Responses] = {303: {"description": "On to the page that shows it"}}
PAGES: Final[Responses] = {
    status: {"content": {"text/html": {"schema": {"type": "string"}}, JSON: {"schema": shape_of(Told)}}}
    for status in REFUSALS
}
"""Pages say what they refuse on a page; what is not even read as a request is answered as by the API."""
