"""How one bank wants its payment files: data, read from YAML (`baton.banking.catalogue`), never code.

Every format has its own subclass beside its writer (`baton.banking.writing`), with the codes and contract values that
only this format has. Whatever is unverified at a bank is a key here, so that the bank's test round changes a file.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from baton.banking.encodings import encoded
from baton.banking.reading.delimited import AnswerLayout
from baton.banking.reading.front_end import CmbRow, IcbcRow
from baton.model.bank_answers import ReasonKind
from baton.model.money import minor_digits
from baton.model.payable import BankAccount, Component

_HUNDREDTHS: Final = tuple(f".{minor:02d}" for minor in range(100))
_ELEMENT: Final = "^[A-Za-z_][A-Za-z0-9_.-]{0,39}$"
_PLACEHOLDERS: Final = ("profile", "message_id", "digest")


class Part(BaseModel):
    """Base of all parts of a profile: unknown keys are faults, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_listed)]
"""One text or a list of them."""


class Unit(StrEnum):
    """What an amount in the file counts."""

    MAJOR = "major"
    """Yuan: ``1234.56``."""
    MINOR = "minor"
    """Fen: ``123456``."""


class Split(StrEnum):
    """What may stand in one file besides one component and one currency."""

    BY_CEILING = "by_ceiling"
    OWN_AND_OTHER_BANKS = "own_and_other_banks"
    """Payees of the payer's own bank in other files than those of other banks."""


class Characters(StrEnum):
    """Which characters a field takes, besides what the encoding allows."""

    ANY = "any"
    """Everything that can be seen: no control characters or line ends, nothing of zero width, nothing that stands for a
    character that was lost."""
    DIGITS = "digits"
    LETTERS_AND_DIGITS = "letters_and_digits"
    SEPA = "sepa"
    """The basic set of the European payment schemes."""
    ASCII = "ascii"


_CLASSES: Final = {
    Characters.ANY: (
        "[\x20-\x7e\xa0-\xac\xae-\u034e\u0350-\u061b\u061d-\u115e\u1161-\u17b3\u17b6-\u180a\u180f-\u200a"
        "\u2010-\u2027\u202f-\u205f\u2070-\u3163\u3165-\ud7ff\ue000-\ufdff\ufe10-\ufefe\uff00-\uff9f"
        "\uffa1-\uffef\U00010000-\U000dffff\U000f0000-\U0010ffff]"
    ),
    Characters.DIGITS: "[0-9]",
    Characters.LETTERS_AND_DIGITS: "[A-Za-z0-9]",
    Characters.SEPA: r"[A-Za-z0-9/?:().,'+ \-]",
    Characters.ASCII: "[ -~]",
}


def _is_wide(letter: str) -> bool:
    return letter > "~"


class Presence(StrEnum):
    """When a field must be filled."""

    OPTIONAL = "optional"
    ALWAYS = "always"
    OTHER_BANKS = "other_banks"
    """For a payee of another bank than the payer's."""


class FieldRule(Part):
    """What one field of a line may hold. A line that breaks it is named; its text is never changed."""

    present: Presence = Presence.OPTIONAL
    shortest: int = Field(default=0, ge=0)
    longest: int = Field(default=140, ge=1)
    counted: Literal["characters", "bytes", "doubled"] = "characters"
    """Bytes are those of the profile's encoding; doubled means that everything outside ASCII counts two."""
    characters: Characters = Characters.ANY
    refused: Texts = ()
    """Pieces of text the bank does not take: ``|``."""
    slashes: Literal["any", "iso"] = "any"
    """ISO: none at either end and never two together, as in its references and identifications."""

    @cached_property
    def accepted(self) -> str:
        """A regular expression for filled fields that this rule has no fault with, lengths in bytes aside."""
        held = _CLASSES[self.characters]
        refused = [re.escape(piece) for piece in self.refused]
        if self.slashes == "iso":
            refused += ["//"]
        barred = f"(?!{held}*(?:{'|'.join(refused)}))" if refused else ""
        edges = ("(?!/)", "(?<!/)") if self.slashes == "iso" else ("", "")
        return f"{barred}{edges[0]}{held}{{{max(self.shortest, 1)},{self.longest}}}{edges[1]}"

    @cached_property
    def _taken(self) -> re.Pattern[str]:
        return re.compile(f"{_CLASSES[self.characters]}*")

    def faults(self, text: str, encoding: str) -> Iterator[tuple[str, str]]:
        """What is wrong with a filled field, as pairs of rule and words that say nothing of what it holds."""
        taken = self._taken.match(text)
        if taken is not None and taken.end() < len(text):
            yield (
                "characters",
                f"has a character in place {taken.end() + 1} that the bank does not take ({self.characters})",
            )
        try:
            size = len(encoded(text, encoding))
        except UnicodeEncodeError as error:
            yield "encoding", f"has a character in place {error.start + 1} that cannot be written in {encoding.upper()}"
            size = 0
        length = {"characters": len(text), "bytes": size, "doubled": len(text) + sum(map(_is_wide, text))}[self.counted]
        if length > self.longest or len(text) < self.shortest:
            bounds = f"{self.shortest} to {self.longest}" if self.shortest else f"at most {self.longest}"
            yield "length", f"has a length of {length} ({self.counted}), the bank takes {bounds}"
        if any(piece in text for piece in self.refused):
            yield "refused_text", f"holds one of {', '.join(map(repr, self.refused))}"
        if self.slashes == "iso" and ("//" in text or text.startswith("/") or text.endswith("/")):
            yield "slashes", "begins or ends with a slash, or has two of them together"


class Fields(Part):
    """The fields of a line that hold text: of the account (the payer's too), and of the payable itself."""

    holder: FieldRule = FieldRule(present=Presence.ALWAYS, longest=70)
    account: FieldRule = FieldRule(
        present=Presence.ALWAYS, longest=34, characters=Characters.LETTERS_AND_DIGITS, slashes="iso"
    )
    bank_code: FieldRule = FieldRule(longest=12, characters=Characters.LETTERS_AND_DIGITS)
    bank_name: FieldRule = FieldRule(longest=70)
    town: FieldRule = FieldRule(longest=35)
    remark: FieldRule = FieldRule(longest=140)
    number: FieldRule = FieldRule(present=Presence.ALWAYS, longest=64)
    """The payee's employee number; only few layouts carry it."""


class IsoAnswers(Part):
    """pain.002, of whatever version."""

    format: Literal["iso20022"] = "iso20022"


Meanings: TypeAlias = Mapping[Annotated[str, Field(min_length=1, max_length=60)], ReasonKind]
"""Pieces of a bank's words for why it failed, or its code, and what they mean, beside ours (`baton.model.bank_words`).

One character, and digits alone, are only ever the whole of a code."""


class CmbAnswers(Part):
    """What the front-end machine of China Merchants Bank answers to a query."""

    format: Literal["cmb-agency"]
    element: str = Field(pattern=_ELEMENT)
    """Which repeats, one for each order or line."""
    row: CmbRow = CmbRow()
    reasons: Meanings = Field(default_factory=dict)


class IcbcAnswers(Part):
    """What ICBC's bank-enterprise link answers to a query."""

    format: Literal["icbc-payper"]
    element: str = Field(pattern=_ELEMENT)
    row: IcbcRow = IcbcRow()
    reasons: Meanings = Field(default_factory=dict)


class RowAnswers(AnswerLayout):
    """A list of rows, as described."""

    format: Literal["rows"]


class NoAnswers(Part):
    """None that can be read here: where lines stand, only statements say."""

    format: Literal["none"]


Answers: TypeAlias = Annotated[
    IsoAnswers | CmbAnswers | IcbcAnswers | RowAnswers | NoAnswers, Field(discriminator="format")
]


class BankProfile(Part, ABC):
    """What all formats have in common."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Of the file it stands in; begins the names of all payment files."""
    format: str
    title: str = Field(min_length=1, max_length=120)
    unit: Unit
    scale: int = Field(ge=0, le=3)
    """Digits after the decimal point in the file: 0 for minor units, the currency's own for major ones."""
    currencies: Annotated[Texts, Field(min_length=1)]
    encoding: Literal["utf-8", "gbk", "gb18030", "gb2312", "ascii"]
    """Strict: a line with a character outside it is refused."""
    time_zone: str = "Asia/Shanghai"
    """Of every date and time written into the file."""
    lines_per_file: int = Field(ge=1, le=1_000_000)
    largest_amount_minor: int = Field(default=99_999_999_999, ge=1, le=10**15)
    """Of one line."""
    largest_total_minor: int = Field(default=10**16 - 1, ge=1, le=10**17)
    """Of one file."""
    split: Split = Split.BY_CEILING
    own_bank_codes: Texts = ()
    """With what the codes of the payer's own bank begin. A payee without a code is taken for one of that bank's."""
    fields: Fields = Fields()
    file_name: str = "{profile}_{message_id}_{digest}"
    extension: str = Field(pattern=r"^[a-z0-9]{1,8}$")
    answers: Answers = IsoAnswers()
    """In what form this bank says what became of lines. Statements are camt.053 and camt.054, whatever this says."""
    unverified: Texts = ()
    """What nobody has checked at this bank yet; shown with the profile."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("there is no such time zone") from error
        return name

    @field_validator("file_name")
    @classmethod
    def _name_tells_files_apart(cls, pattern: str) -> str:
        named = re.findall(r"\{([a-z_]*)\}", pattern)
        rest = re.sub(r"\{[a-z_]*\}", "", pattern)
        if not set(named) <= set(_PLACEHOLDERS) or not {"message_id", "digest"} <= set(named):
            known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
            raise ValueError(f"a file name is made of {known}; the message id and the digest belong in it")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", rest):
            raise ValueError("a file name has letters, digits, - and _ only")
        return pattern

    @model_validator(mode="after")
    def _values_agree(self) -> Self:
        for currency in self.currencies:
            if not re.fullmatch("[A-Z]{3}", currency):
                raise ValueError("a currency is three capital letters")
            digits = 0 if self.unit is Unit.MINOR else minor_digits(currency)
            if self.scale != digits:
                raise ValueError(f"{currency} in {self.unit} units has a scale of {digits}")
        if self.split is Split.OWN_AND_OTHER_BANKS and not self.own_bank_codes:
            raise ValueError("own and other banks cannot be told apart without own_bank_codes")
        if self.largest_amount_minor > self.largest_total_minor:
            raise ValueError("the largest amount of a line is larger than the largest total of a file")
        return self

    def is_own_bank(self, payee: BankAccount) -> bool:
        """Whether the payee's account is at the payer's own bank."""
        return not payee.bank_code or payee.bank_code.startswith(self.own_bank_codes)

    @field_validator("own_bank_codes")
    @classmethod
    def _a_bank_is_named(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(code) < 3 for code in codes):
            raise ValueError("a bank is named by at least three characters of its code")
        return codes

    @property
    @abstractmethod
    def component_codes(self) -> Mapping[Component, object]:
        """What this profile pays, with the format's codes for it."""

    @property
    def looks_further(self) -> bool:
        """Whether `account_faults` has anything to look at with this profile."""
        return False

    def account_faults(self, account: BankAccount) -> Iterator[tuple[str, str]]:
        """What only this format finds wrong with an account, as pairs of rule and words."""
        return iter(())

    def amount(self, minor: int) -> str:
        """An amount as it stands in the file."""
        return self.amount_writer()(minor)

    def amount_writer(self) -> Callable[[int], str]:
        """How an amount (not negative) is written; asked for once a file, since it is called once a line."""
        if not self.scale:
            return str
        if self.scale == 2:
            return lambda minor: f"{minor // 100}{_HUNDREDTHS[minor % 100]}"
        size, digits = 10**self.scale, self.scale
        return lambda minor: f"{minor // size}.{minor % size:0{digits}d}"

    def file_name_for(self, message_id: str, sha256: str) -> str:
        """The name under which a file is delivered, the same on every repeat. ``sha256`` is hex, of its bytes."""
        stem = self.file_name.format(profile=self.name, message_id=message_id, digest=sha256[:12])
        return f"{stem}.{self.extension}"
