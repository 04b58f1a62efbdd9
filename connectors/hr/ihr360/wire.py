"""i人事 open API: paths, field names, the status lists, the error table and the shapes of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from baton.sdk import ConnectorError, HaltError, RejectedRow, Response, RetryableError

TOKEN_PATH: Final = "/openapi/oauth/token"  # noqa: S105  a path, no password
IDS_PATH: Final = "/openapi/thirdparty/api/staff/v1/staffs/ids"
BASIC_PATH: Final = "/openapi/thirdparty/api/staff/v1/staffs/basic"
DEPARTMENTS_PATH: Final = "/openapi/thirdparty/api/org/v1/organizations/search"
POSITIONS_PATH: Final = "/openapi/thirdparty/api/org/v1/organizations/positions"
JSON_TYPE: Final = "application/json;charset=UTF-8"
BASIC_LIMIT: Final = 1000
DEPARTMENT_PAGE: Final = 100
WALK_CHANGED: Final = "walk_changed"
"""Code of the error for lists that changed while they were read."""
NUMBERING: Final = "look whether the pages are numbered from 0 or from 1 for this tenant, and set first_page"
STATUSES: Final = ("IN_SERVICE", "QUIT")
"""The two lists. There is no changed-since call, so everyone is read every time."""

FIELDS: Final = ("staffId", "staffNo", "staffName", "staffStatus", "enrollInDate", "leaveDate", "lastUpdateDate")
"""Always columns of a page, in this order; ``staffName`` is the one whose spelling is not verified."""

DEPARTMENT_FIELDS: Final = (
    "uuid", "id", "name", "parentId", "type", "departmentCode", "storeNumber", "principalStaffId",
    "parentDepartmentCode", "parentDepartmentName",
)  # fmt: skip
POSITION_FIELDS: Final = (
    "uuid", "positionName", "positionCode", "abbreviation", "appliedRange", "capacity", "effectiveDate", "description",
    "departmentId", "departmentName", "jobTitleId", "jobTitleName", "positionGradeId", "positionGradeName",
    "qualifications", "parentId", "positionState", "updatedDate", "createdDate",
)  # fmt: skip
"""As client code by others names them, after the vendor's documents."""

OAUTH_ERRORS: Final[Mapping[str, type[ConnectorError]]] = {
    # RFC 6749 §5.2; of these only invalid_token is documented by the vendor.
    "invalid_token": HaltError,
    "invalid_client": HaltError,
    "invalid_grant": HaltError,
    "invalid_request": HaltError,
    "invalid_scope": HaltError,
    "unauthorized_client": HaltError,
    "unsupported_grant_type": HaltError,
    "unauthorized": HaltError,
    "access_denied": HaltError,
    "temporarily_unavailable": RetryableError,
    "server_error": RetryableError,
}
_CREDENTIALS: Final = "check AppID and AppSecret in the i人事 console, and that the app may read staff"
_CONTRACT: Final = "the interface has changed or differs for this tenant: compare with the vendor's documents"


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how long it is good for."""

    header: str
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class IdPage:
    """One page of a status list."""

    ids: tuple[str, ...]
    total_pages: int


@dataclass(frozen=True, slots=True)
class DepartmentPage:
    """One page of departments."""

    records: list[Mapping[str, Any]]
    total_pages: int
    total: int


def contract_broken(what: str) -> HaltError:
    """The answer is not what the documents say."""
    return HaltError(f"i人事: {what}", code="contract", remedy=_CONTRACT)


def oauth_error(answer: Response) -> str | None:
    """The OAuth error code of an answer, whatever its HTTP status; None when it carries none."""
    if answer.status >= 500 or b'"error"' not in answer.content:
        return None
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else None


def raise_oauth(code: str) -> None:
    """The connector error of an OAuth error code; an unmapped one is loud."""
    kind = OAUTH_ERRORS.get(code)
    if kind is None:
        raise HaltError(
            f"i人事 answered the unknown OAuth error {code[:60]!r}", code="unmapped_oauth", remedy=_CONTRACT
        )
    raise kind(f"i人事 answered {code}", code=code, remedy=_CREDENTIALS if kind is HaltError else "")


def data_of(answer: Response) -> Any:
    """``data`` of the envelope ``{code, message, data, errorResult}``; code 0 alone is success."""
    answer.raise_for_status()
    body = answer.json()
    if not isinstance(body, dict) or "code" not in body:
        raise contract_broken("an answer has no envelope")
    code = body["code"]
    if isinstance(code, bool) or code not in (0, "0"):
        # The vendor's business codes are not public; the message may name people and is left out.
        raise HaltError(
            f"i人事 answered code {str(code)[:40]!r}, which this connector does not know",
            code=f"unmapped_{str(code)[:40]}",
            remedy="look the code up in the vendor's console or ask its support; nothing was read",
        )
    return body.get("data")


def token_of(answer: Response) -> Token:
    """The token of a token answer."""
    answer.raise_for_status()
    body = answer.json()
    text = body.get("access_token") if isinstance(body, dict) else None
    expires = body.get("expires_in") if isinstance(body, dict) else None
    if not isinstance(text, str) or not text or isinstance(expires, bool) or not isinstance(expires, (int, float)):
        raise contract_broken("the token answer has no access_token or no expires_in")
    kind = body.get("token_type")
    # "bearer" in any spelling is sent as "Bearer"; how the token travels is not in the public documents.
    scheme = "Bearer" if not isinstance(kind, str) or kind.lower() == "bearer" else kind
    return Token(f"{scheme} {text}", float(expires))


def id_page_of(data: Any) -> IdPage:
    """One page of ids; ids come as text or integers."""
    info = data.get("pageInfo") if isinstance(data, dict) else None
    listed = data.get("dataList") if isinstance(data, dict) else None
    total = info.get("totalPages") if isinstance(info, dict) else None
    if not isinstance(listed, list) or isinstance(total, bool) or not isinstance(total, int) or total < 0:
        raise contract_broken("a page of ids has no dataList or no pageInfo.totalPages")
    if any(isinstance(each, bool) or not isinstance(each, (str, int)) or each == "" for each in listed):
        raise contract_broken("a page of ids holds something that is no id")
    return IdPage(tuple(str(each) for each in listed), total)


def staff_of(data: Any, asked: Sequence[str]) -> list[Mapping[str, Any]]:
    """The basic details asked for, in the order asked. A list that does not match the question is never guessed at."""
    if not isinstance(data, list) or not all(isinstance(each, dict) and each.get("staffId") for each in data):
        raise contract_broken("basic details are not a list of records with a staffId")
    by_id = {str(each["staffId"]): each for each in data}
    if len(by_id) != len(data):
        raise contract_broken("basic details name a person twice")
    if by_id.keys() - set(asked):
        raise contract_broken("basic details name people who were not asked for")
    if len(by_id) != len(asked):
        missing = len(asked) - len(by_id)
        raise RetryableError(f"i人事 left out {missing} of {len(asked)} people asked for", code="short_answer")
    return [by_id[each] for each in asked]


def records_of(data: Any, what: str) -> list[Mapping[str, Any]]:
    """A plain list of records."""
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise contract_broken(f"the {what} are not a list of records")
    return data


def department_page_of(data: Any) -> DepartmentPage:
    """One page of departments."""
    pages, total = (data.get("totalPages"), data.get("totalElements")) if isinstance(data, dict) else (None, None)
    if not isinstance(pages, int) or not isinstance(total, int) or min(pages, total) < 0:
        raise contract_broken("a page of departments has no totalPages or no totalElements")
    return DepartmentPage(records_of(data.get("content"), "departments"), pages, total)


def row_of(record: Mapping[str, Any], columns: Sequence[str], row: int) -> dict[str, str | None] | RejectedRow:
    """One employee as text columns, or why it cannot be one."""
    texts = texts_of(record, columns, row, key="staffNo")
    if isinstance(texts, RejectedRow) and texts.rule == "no_key":
        return RejectedRow(row, "no_number", "the employee number is blank", "staffNo")
    return texts


def texts_of(
    record: Mapping[str, Any], columns: Sequence[str], row: int, *, key: str
) -> dict[str, str | None] | RejectedRow:
    """One record as text columns, or why it cannot be one."""
    texts: dict[str, str | None] = {}
    for name in columns:
        value = record.get(name)
        if isinstance(value, (float, Decimal, dict, list)):
            return RejectedRow(row, "not_text", "the value is a fraction or a structure, not a text", name)
        if isinstance(value, bool):
            value = "true" if value else "false"
        text = None if value is None else str(value)
        if text is not None and "\0" in text:
            return RejectedRow(row, "nul", "a NUL character", name)
        texts[name] = text if text and text.strip() else None
    if texts[key] is None:
        return RejectedRow(row, "no_key", f"{key} is blank", key)
    return texts
