"""What a visitor says, from a form or as JSON, on its way to the core; and the core's refusals on their way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Self, TypeAlias
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from baton.console.bodies import form_text
from baton.console.described import FORM, reads_as, shape_of
from baton.console.handover.visitors import ON_CASES, ON_ITEMS, NoEntryError, Visitor
from baton.errors import ApprovalError, BatonError, ConfigurationError, TransitionError
from baton.hub.offboarding import casework, completing
from baton.hub.offboarding.saying import Saying, say
from baton.model.case import LARGEST_NUMBER, Act, Item

MOST_ITEMS: Final = 200
LONGEST_TEXT: Final = 2000
_MOST_FIELDS: Final = MOST_ITEMS + 20


Number: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]


class Words(BaseModel):
    """What somebody says about items (each at the version they have looked at) or about the case as a whole."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)
    act: Act
    items: Annotated[dict[Number, Number], Field(max_length=MOST_ITEMS)] = {}
    """Item number -> version."""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    successor: Annotated[str, Field(max_length=100)] = ""
    """For `Act.NAME` alone: with anything else `carry_out` refuses it (``unnamed``)."""

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if self.act not in (*ON_ITEMS, *ON_CASES):
            raise ValueError("this cannot be said here")
        if (self.act in ON_ITEMS) != bool(self.items):
            raise ValueError("name the items this is about" if self.act in ON_ITEMS else "this is about no item")
        if self.act in (Act.ASK, Act.ANSWER, Act.NOTE) and not self.text:
            raise ValueError("say something")
        return self


_ITEMS: Final = {"type": "array", "items": {"type": "string", "pattern": "^[0-9]+:[0-9]+$"}, "maxItems": MOST_ITEMS}
_IN_A_FORM: Final = shape_of(Words)["properties"]
FORM_OF_WORDS: Final = reads_as(
    {
        FORM: {
            "type": "object",
            "properties": {**{name: _IN_A_FORM[name] for name in ("act", "text", "successor")}, "item": _ITEMS},
            "required": ["act"],
        }
    }
)
"""How the API's description tells of the form that `from_form` reads."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: a stable code, the HTTP status that fits it, and the core's own words."""

    code: str
    status: int
    message: str
    typed: Mapping[str, str] = field(default_factory=dict)
    """What stood in a form that could not be read, by field: it stands in it again."""


_STATUS: Final = {
    "role": 403,
    "leaver": 403,
    "maker": 403,
    "not_yours": 403,
    "reason": 422,
    "successor": 422,
    "words": 422,
    "file": 422,
    "no_entry": 404,
    "unknown_item": 404,
    "unknown_person": 422,
    "no_manager": 422,
    "date_range": 422,
}
"""Every other refusal says that things are not as the visitor saw them: 409."""


def from_form(body: bytes) -> Words | Refusal:
    """The words in a form: ``act``, ``text``, ``successor``, and ``item=17:3`` (number and version) for every item."""
    given: dict[str, str] = {}
    try:
        fields = parse_qs(form_text(body), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        given = {name: fields[name][-1] for name in ("act", "text", "successor") if fields.get(name)}
        items = dict(_pair(text) for text in fields.get("item", ()))
        return Words.model_validate({**given, "items": items})
    except (ValueError, ValidationError) as error:
        return replace(unusable(error), typed=given)


def from_json(body: bytes) -> Words | Refusal:
    """The words in a JSON document in the shape of `Words`."""
    try:
        return Words.model_validate_json(body)
    except ValidationError as error:
        return unusable(error)


def carry_out(visitor: Visitor, words: Words) -> Sequence[Item] | Refusal:
    """Say it; the items as they are afterwards (none for a case as a whole), or why not: then nothing was said."""
    if words.successor and words.act is not Act.NAME:
        # Whoever has typed a name and pressed something else would decide for the successor there was before.
        return Refusal("unnamed", 422, f"a successor is given, and {words.act} names nobody: name them, or give none")
    try:
        if words.act in ON_CASES:
            _about_case(visitor, words)
            return []
        _require_sight(visitor, words)
        role = visitor.role_for(words.act)
        saying = Saying(visitor.case.id, words.items, words.act, visitor.person, role, words.text, words.successor)
        return say(visitor.hub, saying)
    except (ApprovalError, TransitionError, NoEntryError) as error:
        return refused_as(error)
    except ConfigurationError as error:
        if any(fault.rule == "unknown_item" for fault in error.faults):
            return Refusal("no_entry", 404, "there is no such item, or it is not for you")
        raise


def refused_as(error: BatonError) -> Refusal:
    """A refusal of the core on its way back."""
    return Refusal(error.code, _STATUS.get(error.code, 409), str(error))


def require_decides(visitor: Visitor) -> None:
    """Raise `ApprovalError` (``role``) unless the case as a whole is theirs to decide about."""
    if not visitor.decides:
        raise ApprovalError("only HR decides about a case as a whole", code="role")


def _about_case(visitor: Visitor, words: Words) -> None:
    require_decides(visitor)
    if words.act is Act.COMPLETE:
        completing.complete(visitor.hub, visitor.case.id, visitor.person, words.text)
    else:
        casework.decide(visitor.hub, visitor.case.id, words.act, visitor.person, words.text)


def _require_sight(visitor: Visitor, words: Words) -> None:
    """Nobody learns from an answer what is on the list beside what they see."""
    if not visitor.only_own:
        return
    with visitor.hub.database.read() as connection:
        items = visitor.hub.cases.items(connection, visitor.case.id, ids=sorted(words.items))
    if any(not visitor.sees(item) for item in items):
        raise NoEntryError("there is no such item, or it is not for you")


def _pair(text: str) -> tuple[str, str]:
    number, _, version = text.partition(":")
    return number, version


def unusable(error: Exception) -> Refusal:
    """The refusal of what cannot be read as what was to be said."""
    message = "this cannot be understood"
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        message = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".lstrip(": ") for fault in faults)
    return Refusal("words", 422, message)
