"""The measured sides do what is measured: each writes the payments it was given, in a process of its own."""

from __future__ import annotations

import pytest

from tests.bench.payments.writing import _run


@pytest.mark.parametrize("side", ["ours-checked", "sepaxml"])
def test_a_side_writes_its_payments_and_says_what_it_took(side):
    took = _run(side, 50)
    assert took.cpu_s > 0
    assert 0.01 < took.file_mb < 0.1


def test_a_side_that_fails_is_no_figure():
    with pytest.raises(RuntimeError, match="nobody has failed"):
        _run("nobody", 1)
