"""Composite calls of the simulated org, written from the public REST guide.

Up to 25 subrequests, at most five of them queries or collections. They are worked on in order, and each is answered by
itself: ``allOrNone`` is understood as false. Headers of the whole call do not reach the subrequests: they name their
own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from connectors.crm.salesforce.simulator_refusal import RefusalError

_MOST = 25
_MOST_QUERIES = 5
_SOQL_CHARACTERS = 100_000
_COSTLY = re.compile(r"/services/data/v\d+\.0/(query|queryAll|composite/sobjects)(/|\?|$)")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def composite(
    request: httpx.Request, body: Mapping[str, Any], route: Callable[[httpx.Request], httpx.Response]
) -> httpx.Response:
    """One composite call."""
    asked = body.get("compositeRequest")
    if not isinstance(asked, list) or not asked or body.get("allOrNone"):
        raise RefusalError("JSON_PARSER_ERROR", "compositeRequest is required; allOrNone is not simulated")
    names = [str(each.get("referenceId", "")) for each in asked]
    if len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        raise RefusalError("INVALID_REQUEST", "reference ids must be unique, begin with a letter and be alphanumeric")
    costly = sum(1 for each in asked if _COSTLY.match(str(each.get("url", ""))))
    if len(asked) > _MOST or costly > _MOST_QUERIES:
        raise RefusalError("LIMIT_EXCEEDED", "limit of 25 subrequests, and of 5 queries or collections, is exceeded")
    return httpx.Response(200, json={"compositeResponse": [_answer(request, each, route) for each in asked]})


def _answer(
    request: httpx.Request, asked: Mapping[str, Any], route: Callable[[httpx.Request], httpx.Response]
) -> dict[str, Any]:
    own = {str(name): str(value) for name, value in (asked.get("httpHeaders") or {}).items()}
    headers = {"authorization": request.headers["authorization"], **own}
    content = json.dumps(asked["body"]).encode() if "body" in asked else b""
    url = f"http://{request.url.netloc.decode()}{asked['url']}"
    inner = httpx.Request(str(asked["method"]), url, headers=headers, content=content)
    try:
        if len(inner.url.params.get("q", "")) > _SOQL_CHARACTERS:
            raise RefusalError("QUERY_TOO_COMPLICATED", "the statement has more than 100,000 characters")
        reply = route(inner)
    except RefusalError as refusal:
        told = [{"message": str(refusal), "errorCode": refusal.code, "fields": refusal.fields}]
        reply = httpx.Response(refusal.status, json=told)
    status, answered = reply.status_code, reply.json() if reply.content else None
    return {"body": answered, "httpHeaders": {}, "httpStatusCode": status, "referenceId": asked["referenceId"]}
