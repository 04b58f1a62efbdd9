"""The fields the hub writes to and reads from a SOAP ERP, whatever their elements are called there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.sdk import FieldSpec, FieldType

FIELDS: Final[Mapping[str, FieldSpec]] = {
    "name": FieldSpec(required=True, personal=True, about="full name as written on documents"),
    "family_name": FieldSpec(personal=True),
    "given_name": FieldSpec(personal=True),
    "start_date": FieldSpec(FieldType.DATE, required=True, about="first day of the employment"),
    "end_date": FieldSpec(FieldType.DATE, about="last working day; set by the end of employment only"),
    "end_reason": FieldSpec(readable=False, about="the ERP's code for why the employment ends"),
    "company": FieldSpec(),
    "department": FieldSpec(),
    "cost_center": FieldSpec(),
    "position": FieldSpec(),
    "manager": FieldSpec(FieldType.REFERENCE, about="the manager's id in the ERP"),
    "email": FieldSpec(personal=True),
    "mobile": FieldSpec(personal=True),
}
