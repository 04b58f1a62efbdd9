"""The laws every connector must keep, tried on the bank's payee roster against a real OpenSSH server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from baton.kit.run import Law, Verdict, laws_for, try_law
from baton.sandbox.sftp import bank_sftp
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.simulator import Simulator

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Simulator]]:
    numbers = itertools.count(1)
    with bank_sftp(tmp_path_factory.mktemp("sftp")) as server:
        yield lambda: Simulator(server, folder=f"bank-{next(numbers)}")


LATER = {
    "update_of_an_unknown_person_is_refused_and_makes_no_account": (
        "the law judges the first receipt; this bank refuses in its acknowledgement (see test_host_to_host.py)"
    ),
}
CASES = [
    pytest.param(
        law,
        id=law.__name__,
        marks=[pytest.mark.xfail(reason=LATER[law.__name__], strict=True)] if law.__name__ in LATER else [],
    )
    for law in laws_for(HostToHost)
]


@pytest.mark.parametrize("law", CASES)
def test_law(law: Law, banks: Callable[[], Simulator]) -> None:
    result = try_law(law, HostToHost, banks)
    assert result.verdict in (Verdict.OK, Verdict.NOT_APPLICABLE), result.detail
