"""Every connector keeps every law of its capabilities, as docs/conformance.md says; a new folder is picked up by itself.

A connector without a simulator that stands alone faces a real server: tests/connectors/<kind>/<name>_counterpart.py.
"""

import functools
from contextlib import ExitStack
from pathlib import Path

import pytest

from baton.kit import matrix
from baton.kit.run import Verdict, laws_for, try_law
from baton.kit.servers import NoServerError, own_simulator, server_file
from baton.registry import Registry

ROOT = Path(__file__).resolve().parents[2]
REGISTRY = Registry()
SIDES = {name: own_simulator(name, REGISTRY) for name in REGISTRY.names()}
PAGE = matrix.recorded((ROOT / matrix.PAGE).read_text(encoding="utf-8"))
LISTED = {name for name, _ in PAGE}
STALE = "docs/conformance.md is out of date: python -m baton.kit.matrix"


def laws():
    for name, simulator in SIDES.items():
        marks = [pytest.mark.server, pytest.mark.timeout(600)] if simulator is None else []
        for law in laws_for(REGISTRY.load(name)):
            yield pytest.param(name, law, id=f"{name}-{law.__name__}", marks=marks)


@pytest.fixture(scope="module")
def side_of():
    """Gives what makes a connector's counterparts; its server is started when the first law needs it."""
    with ExitStack() as stack:

        @functools.cache
        def started(name):
            try:
                return stack.enter_context(matrix.other_side(name, ROOT, REGISTRY))
            except NoServerError as error:
                return str(error)

        yield started


@pytest.mark.parametrize(("name", "law"), list(laws()))
def test_law(name, law, side_of):
    make = side_of(name)
    if isinstance(make, str):
        pytest.skip(f"SERVER NOT AVAILABLE: {make}")
    result = try_law(law, REGISTRY.load(name), make)
    assert result.verdict is not Verdict.FAILED, result.detail
    if name in LISTED:  # a new connector is tried like the others, and listed whenever somebody writes the page again
        assert PAGE.get((name, law.__name__)) == matrix.cell(result), STALE


def test_every_connector_has_another_side():
    alone = [name for name, simulator in SIDES.items() if simulator is None]
    assert [name for name in alone if not server_file(name, ROOT).is_file()] == []


def test_the_page_has_no_unknown_connector_and_no_other_law():
    wanted = {(name, law.__name__) for name in LISTED for law in laws_for(REGISTRY.load(name))}
    assert set(PAGE) == wanted, STALE


def test_the_page_is_laid_out_as_it_is_written():
    text = (ROOT / matrix.PAGE).read_text(encoding="utf-8")
    assert matrix.render(PAGE, REGISTRY) == text, STALE


def test_a_page_reads_back_as_it_was_written():
    changed = {**PAGE, next(iter(PAGE)): ("exempt", "for a reason: (two) | of them")}
    assert matrix.recorded(matrix.render(changed, REGISTRY)) == changed
