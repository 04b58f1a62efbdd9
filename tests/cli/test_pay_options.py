"""Amounts as people type them at a command."""

from __future__ import annotations

import click
import pytest

from baton.cli.pay_options import minor_of


@pytest.mark.parametrize("typed", ["1.2.3", "--5", "-", "1,234.56", "1.234"])
def test_what_is_no_plain_amount_is_a_mistake_in_the_command_and_not_of_the_hub(typed: str) -> None:
    with pytest.raises(click.UsageError, match="--total takes a plain amount"):
        minor_of(typed, "CNY", "--total")
