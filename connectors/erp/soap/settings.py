"""What a person says about their ERP: which local files describe it, which operation does what, where values go."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from baton.sdk import ConnectorSettings
from connectors.erp.soap.fields import FIELDS

ElementPath = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*(/[A-Za-z_][\w.-]*)*$", max_length=300)]
"""Where an element stands below the operation's request or response element: ``Name/FamilyName``."""
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", max_length=200)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Meaning(StrEnum):
    """What a result or fault code of the ERP means for one write."""

    DONE = "done"
    REFUSED = "refused"
    NOT_PERFORMED = "not_performed"
    HALT = "halt"


class RowState(StrEnum):
    """What a status code of an employee means."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    REMOVED = "removed"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class MessagePart(_Part):
    """How one operation's request is filled."""

    name: str = Field(min_length=1, description="the operation's name in the WSDL")
    number: ElementPath
    message_id: ElementPath
    sent_at: ElementPath | None = None
    fields: dict[str, ElementPath] = {}
    constants: dict[ElementPath, str] = {}

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        unknown = sorted(self.fields.keys() - FIELDS.keys())
        if unknown:
            raise ValueError(f"no such field: {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        paths = [self.number, self.message_id, *self.fields.values(), *self.constants, *filter(None, [self.sent_at])]
        if len(set(paths)) != len(paths):
            raise ValueError(f"the operation {self.name} fills an element twice")
        return self


class ConfirmationPart(_Part):
    """Where the answer to a write says what became of it."""

    message_id: ElementPath
    """The echo of our message id."""
    result: ElementPath
    results: dict[str, Meaning]
    """The literal table of result codes. A code that is not here leaves the write in doubt."""
    reason: ElementPath | None = None
    """A code (never a text) that says why."""
    external_id: ElementPath | None = None


class QueryPart(_Part):
    """How employees are read back."""

    name: str = Field(min_length=1)
    number: ElementPath
    """Repeating element that selects employees."""
    after: ElementPath
    """Element for the external id of the last row of the page before."""
    page_size: ElementPath
    rows: ElementPath
    more: ElementPath
    """Boolean: there are further rows."""
    rows_per_page: int = Field(default=100, ge=1, le=1000)
    row_number: ElementPath
    row_external_id: ElementPath
    row_state: ElementPath
    row_states: dict[str, RowState]
    fields: dict[str, ElementPath]
    """Paths below one row."""
    no_date: date | None = None
    """A date that means there is none, such as 9999-12-31."""


class OperationsPart(_Part):
    """The operations that carry an employment through its life."""

    hire: MessagePart
    change: MessagePart
    end: MessagePart
    reinstate: MessagePart
    query: QueryPart

    @model_validator(mode="after")
    def _provable(self) -> Self:
        written = {name for part in (self.hire, self.change, self.end, self.reinstate) for name in part.fields}
        unknown = sorted(self.query.fields.keys() - FIELDS.keys())
        if unknown:
            raise ValueError(f"no such field: {', '.join(unknown)}; there are {', '.join(FIELDS)}")
        unproven = sorted(name for name in written - self.query.fields.keys() if FIELDS[name].readable)
        if unproven:
            raise ValueError(f"written but not read back by the query: {', '.join(unproven)}")
        required = sorted(name for name, spec in FIELDS.items() if spec.required and name not in self.hire.fields)
        if required:
            raise ValueError(f"a hire must carry {', '.join(required)}")
        if "end_date" not in self.end.fields:
            raise ValueError("the end of an employment must carry end_date")
        return self


class SoapSettings(ConnectorSettings):
    """How to reach and how to speak to one ERP."""

    service_url: str = Field(description="the endpoint; the address inside the WSDL is never used")
    username: str = Field(description="user of HTTP Basic authentication")
    password: SecretStr = Field(description="its password")
    wsdl: Path = Field(description="local copy of the WSDL; its schemas lie beside it")
    sha256: dict[FileName, Digest] = Field(description="SHA-256 of the WSDL and of every schema it needs, by file name")
    binding: str | None = Field(default=None, description="{namespace}name of the binding, if the WSDL has several")
    operations: OperationsPart = Field(description="which operation does what, and which element takes which field")
    confirmation: ConfirmationPart = Field(description="where the answer to a write says what became of it")
    fault_detail: ElementPath | None = Field(default=None, description="where a fault's detail has the ERP's own code")
    fault_codes: dict[str, Meaning] = Field(default={}, description="what the ERP's own fault codes mean")
    timeout_s: float = Field(default=30.0, gt=0, le=300, description="wall-clock limit of one exchange")

    @model_validator(mode="after")
    def _wsdl_listed(self) -> Self:
        if self.wsdl.name not in self.sha256:
            raise ValueError(f"sha256 does not list {self.wsdl.name}")
        if Meaning.DONE in self.fault_codes.values():
            raise ValueError("a fault code cannot mean done")
        return self
