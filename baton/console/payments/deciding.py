"""What somebody does about a pay run, from a form or as JSON, on its way to the hub; and the hub's refusals back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final, Self, TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from baton.console.bodies import form_text
from baton.console.payments.officers import Officer
from baton.errors import ApprovalError, BatonError, ConfigurationError, TransitionError
from baton.hub.payment import signing, withdrawing
from baton.hub.payment.checking import waive
from baton.hub.payment.waiving import find_run, named
from baton.jobs.payment.roles import Role

LONGEST_WHY: Final = 500
_MOST_FIELDS: Final = 10


class Act(StrEnum):
    """What can be done here."""

    WAIVE = "waive"
    SIGN = "sign"
    RELEASE = "release"
    CANCEL = "cancel"
    WITHDRAW = "withdraw"


class Words(BaseModel):
    """One act with what it needs: a role to waive or sign in, a reason for everything but a signature."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)
    act: Act
    role: Role | None = None
    why: Annotated[str, Field(max_length=LONGEST_WHY)] = ""
    finding: Annotated[str, Field(pattern="^([0-9a-f]{8,64})?$")] = ""
    """The beginning of the finding's digest."""
    days: Annotated[int, Field(ge=1, le=31)] = 3
    """How long a waiver holds."""
    files: Annotated[str, Field(pattern="^([0-9a-f]{12,64})?$")] = ""
    """The beginning of the digest of the files that were shown: others are neither signed for nor released."""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if (self.role is None) == (self.act in (Act.WAIVE, Act.SIGN)):
            raise ValueError("say in which office you do this" if self.role is None else "this is done in no office")
        if bool(self.why) == (self.act is Act.SIGN):
            raise ValueError("a signature takes no reason" if self.why else "say why")
        if bool(self.finding) != (self.act is Act.WAIVE):
            raise ValueError("this is about no finding" if self.finding else "say which finding")
        if self.files and self.act not in (Act.SIGN, Act.RELEASE):
            raise ValueError("this is about no files")
        return self


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: a stable code, the HTTP status that fits it, what happened and what to do."""

    code: str
    status: int
    message: str


_STATUS: Final = {
    **dict.fromkeys(("maker", "preparer", "role", "role_not_held", "wrong_role", "no_office"), 403),
    **dict.fromkeys(("words", "digest", "finding", "no_reason", "no_such_finding", "not_waivable"), 422),
    "unknown_run": 404,
}
"""Every other refusal says that things are not as the person saw them: 409."""
_NAMED: Final = ("unknown_system", "unknown_bank", "capability")
"""The rules that a system breaks which was named by who asks."""


Said = TypeVar("Said", bound=BaseModel)


def from_form(shape: type[Said], body: bytes) -> Said | Refusal:
    """The words in a form, one field each."""
    try:
        fields = parse_qs(form_text(body), strict_parsing=True, max_num_fields=_MOST_FIELDS)
        return shape.model_validate({name: given[-1] for name, given in fields.items()})
    except ValidationError as error:
        return unusable(error)
    except ValueError:
        return Refusal("words", 422, "this cannot be understood")


def typed_in(body: bytes) -> Mapping[str, str]:
    """What stood in a form that is refused, by field, to stand in it again; nothing where that cannot be read."""
    try:
        fields = parse_qs(form_text(body), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return {name: given[-1] for name, given in fields.items()}


def from_json(shape: type[Said], body: bytes) -> Said | Refusal:
    """The words in a JSON document in this shape."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        return unusable(error)


def carry_out(who: Officer, run_id: str, words: Words) -> Refusal | None:
    """Do it in the person's name; or why not: then nothing was done."""
    try:
        find_run(who.hub, run_id)
        if not who.offices:
            raise ApprovalError(
                "you hold no office in payments", code="no_office", remedy="offices are given in systems.yaml"
            )
        _do(who, run_id, words)
    except (ApprovalError, TransitionError) as error:
        return refused_as(error)
    except ConfigurationError as error:
        if any(fault.rule == "unknown_run" for fault in error.faults):
            return Refusal("unknown_run", 404, error.faults[0].message)
        raise
    return None


def refused_as(error: BatonError) -> Refusal:
    """A refusal of the hub on its way back."""
    return Refusal(error.code, _STATUS.get(error.code, 409), str(error))


def misnamed(error: ConfigurationError) -> Refusal | None:
    """A bank or another system that was named and is none, as a refusal; None for what is wrong with the hub itself."""
    found = next((fault for fault in error.faults if fault.rule in _NAMED), None)
    return None if found is None else Refusal(found.rule, 422, found.message)


def _do(who: Officer, run_id: str, words: Words) -> None:
    hub = who.hub
    if words.act is Act.WAIVE:
        assert words.role is not None
        until = hub.clock.now() + timedelta(days=words.days)
        waive(hub, named(hub, run_id, words.finding, who.person, words.role.value, words.why, until))
    elif words.act is Act.SIGN:
        assert words.role is not None
        signing.sign(hub, run_id, who.person, words.role, words.files)
    elif words.act is Act.RELEASE:
        signing.release(hub, run_id, who.person, words.why, words.files)
    elif words.act is Act.CANCEL:
        signing.cancel(hub, run_id, who.person, words.why)
    else:
        withdrawing.withdraw(hub, run_id, who.person, words.why)


def unusable(error: ValidationError) -> Refusal:
    """What is wrong with what was sent, by field; what was sent is not said again."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    message = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".lstrip(": ") for fault in faults)
    return Refusal("words", 422, message)
