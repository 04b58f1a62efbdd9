"""The HTTP API under schemathesis: requests made from its own description, valid and invalid, against a hub with data.

Whatever is asked, no answer is a 5xx, and every answer keeps to the description. Tried is all of the console: pay runs,
runs, handovers, health and alarms, asked for by somebody who has logged in and may; cases, asked for with a manager's
link; and the address that vendors call, with anything, with anything rightly signed, and with real events. Who may not
ask for what, and that none of all routes answers with a 5xx to anybody: `tests.airflow.test_every_route`,
`tests.console.test_every_link`.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from baton.console.described import LINES
from tests.api.described import Call, Described, lines

_NONE = ["\x00", "9" * 30]
"""What stands for nothing anywhere, and some databases will not even look for."""
_OFTEN = 10
"""So many times as often as either of these is what leads somewhere."""
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)


@schemathesis.serializer(LINES)
def _as_lines(_: Any, documents: Any) -> bytes:
    return lines(documents if isinstance(documents, list) else [documents])


def tried(described: Described, examples: int, seed: int, *, below: str = "") -> Counter[str]:
    """So many requests to each operation (with ``below`` in its path); how many got each status.

    Raises AssertionError, with the request, for an answer that is not as described.
    """
    schema = schemathesis.openapi.from_dict(described.app.openapi())
    schema.app = described.app
    statuses: Counter[str] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        if below not in operation.path or not described.below(operation.path):
            continue
        _try(operation, GenerationMode.POSITIVE, described, examples, seed, statuses)
        with contextlib.suppress(Unsatisfiable):  # nothing in some descriptions can be broken: a path of plain text
            _try(operation, GenerationMode.NEGATIVE, described, examples, seed, statuses)
    return statuses


def _try(
    operation: Any, mode: GenerationMode, described: Described, examples: int, seed: int, statuses: Counter[str]
) -> None:
    real = st.fixed_dictionaries(
        {name: st.sampled_from([*values] * _OFTEN + _NONE) for name, values in described.real.items()}
    )
    brought = described.calls.get(operation.label, st.just({}))

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.none() | st.tuples(real, brought))
    def each(case: Any, known: tuple[dict[str, str], Call] | None) -> None:
        values, call = known or ({}, {})
        more = dict(call)
        values = {**values, **more.pop("path", {})}
        for name in values.keys() & (case.path_parameters or {}).keys():
            case.path_parameters[name] = values[name]
        answer = case.call(**{**more, "headers": {**described.headers, **more.get("headers", {})}})
        statuses[str(answer.status_code)] += 1
        case.validate_response(answer, checks=list(CHECKS))

    each()
