"""Files in a form, by the name of their part: read from a body that has been read whole already."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from fastapi import HTTPException, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

_OTHER_FIELDS = 4


@dataclass(frozen=True, slots=True)
class SentFile:
    """One file as it was sent."""

    name: str
    content: bytes


async def sent_files(request: Request, body: bytes, most: int) -> Mapping[str, SentFile]:
    """The files of a form with at most so many; 422 for what is no such form."""

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await MultiPartParser(request.headers, once(), max_files=most, max_fields=_OTHER_FIELDS).parse()
    except (MultiPartException, KeyError, ValueError):
        raise HTTPException(422, "this is not a form with a file") from None
    try:
        parts = {name: part for name, part in form.items() if isinstance(part, UploadFile)}
        return {name: SentFile(part.filename or name, await part.read()) for name, part in parts.items()}
    finally:
        await form.close()
