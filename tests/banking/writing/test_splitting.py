"""Which file a line goes into: by component, currency, bank and ceiling, whatever order the lines come in."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.banking.profile import Split
from baton.banking.splitting import split
from baton.model.payable import Component
from tests.banking.writing.orders import HEAD, OTHER_BANK, OWN_BANK, payable
from tests.banking.writing.samples import sample


def profile(**changes):
    return sample("iso20022-cny").model_copy(update={"lines_per_file": 3, "own_bank_codes": ("308",), **changes})


def numbers(parts):
    return [[line.key.number for line in part.lines] for part in parts]


LINES = [
    payable(f"E{n:04d}", n * 100, component=Component.BONUS if n % 5 == 0 else Component.SALARY, bank_code=OWN_BANK if n % 2 else OTHER_BANK)
    for n in range(1, 12)
]  # fmt: skip


def test_a_file_pays_one_component_and_is_no_longer_than_the_bank_takes():
    assert numbers(split(LINES, profile())) == [
        ["E0005", "E0010"], ["E0001", "E0002", "E0003"], ["E0004", "E0006", "E0007"], ["E0008", "E0009", "E0011"],
    ]  # fmt: skip


def test_own_and_other_banks_go_apart_where_the_layout_asks_for_it():
    parts = split(LINES, profile(split=Split.OWN_AND_OTHER_BANKS))
    assert numbers(parts) == [
        ["E0005"], ["E0010"], ["E0001", "E0003", "E0007"], ["E0009", "E0011"], ["E0002", "E0004", "E0006"], ["E0008"],
    ]  # fmt: skip
    assert [part.number for part in parts] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("count", "files"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3]), (7, [3, 3, 1])])
def test_at_the_ceiling(count, files):
    parts = split([payable(f"E{n:04d}", 1) for n in range(count)], profile())
    assert [len(part.lines) for part in parts] == files


def test_at_the_ceiling_of_the_total():
    lines = [payable(f"E{n:04d}", amount) for n, amount in enumerate([60, 40, 1, 99, 100])]
    parts = split(lines, profile(largest_total_minor=100, largest_amount_minor=100))
    assert [part.total_minor for part in parts] == [100, 100, 100]


@given(st.randoms(use_true_random=False), st.integers(1, 12), st.sampled_from(Split))
def test_every_line_is_in_one_file_and_the_order_they_come_in_does_not_matter(chance: random.Random, ceiling, apart):
    given = profile(lines_per_file=ceiling, split=apart)
    shuffled = chance.sample(LINES, len(LINES))
    parts = split(shuffled, given)
    assert parts == split(LINES, given)
    assert sorted(line.key.number for part in parts for line in part.lines) == [line.key.number for line in LINES]
    assert all(
        0 < len(part.lines) <= ceiling and {line.key.component for line in part.lines} == {part.component}
        for part in parts
    )


@pytest.mark.parametrize("second", [{}, {"currency": "EUR"}, {"bank_code": OWN_BANK}, {"amount_minor": 7}])
def test_two_lines_of_one_key_are_a_second_payment_and_stop_everything(second):
    lines = [payable("E0001", place="a.csv:2"), payable("E0001", **{"place": "b.csv:9", **second})]
    with pytest.raises(ValueError, match=r"a\.csv:2 and b\.csv:9"):
        split(lines, profile(split=Split.OWN_AND_OTHER_BANKS))


@pytest.mark.parametrize("place", ["", "a.csv:2"])
def test_two_lines_of_one_key_and_one_place_are_a_second_payment_as_well(place):
    line = payable("E0001", place=place)
    with pytest.raises(ValueError, match="two lines of one key"):
        split([line, replace(line, amount_minor=7)], profile())
    with pytest.raises(ValueError, match="two lines of one key"):
        split([line, line], profile())


def test_another_attempt_is_another_key():
    lines = [payable("E0001"), payable("E0001")]
    lines[1] = replace(lines[1], key=replace(lines[1].key, attempt=2))
    assert len(split(lines, profile())[0].lines) == 2


def test_an_order_has_the_name_of_its_run_and_part_and_gives_its_lines_again_and_again():
    first, second = (HEAD.order(part) for part in split([payable(f"E{n:04d}", n) for n in range(1, 6)], profile()))
    assert first.message_id != second.message_id
    assert (first.count, first.total_minor, second.count, second.total_minor) == (3, 6, 2, 9)
    assert list(first.lines()) == list(first.lines())
    assert (
        HEAD.order(split([payable(f"E{n:04d}", n) for n in range(1, 6)], profile())[0]).message_id == first.message_id
    )
