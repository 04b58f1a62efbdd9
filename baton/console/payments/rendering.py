"""How the pages of payments are made: the reader's language, the headers, the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import Response

from baton.console import pages
from baton.console.payments.words import words_in
from baton.languages import Language

HEADERS: Final[Mapping[str, str]] = {
    **pages.HEADERS,
    "Content-Security-Policy": pages.HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'"
    ),
    "Vary": "Accept-Language",
}


Spoken = Annotated[Language, Depends(pages.spoken)]
"""The reader's language."""


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    """One of the templates, filled in."""
    content = pages.render(f"payments/{name}", request, words=words_in, **values)
    return Response(content, status, media_type="text/html", headers=dict(HEADERS))
