"""Every law of payable sources holds for a good connector and fails for one broken in just that way."""

import dataclasses
import random

import polars as pl
import pytest

from baton.errors import ConnectorError
from baton.kit.run import LAWS, Verdict, try_law
from baton.sdk import Component, Intent, PayableSource
from tests.kit.payables_erp import COLUMNS, Erp, ErpSimulator

ALL = {law.__name__: law for law in LAWS[PayableSource]}


class Rounds(Erp):
    def row(self, entry):
        return {**super().row(entry), "amount": f"{float(entry['amount']):.1f}"}


class Writes(Erp):
    def row(self, entry):
        return {**super().row(entry), "amount": f"{float(entry['amount']):e}"}


class LosesZeros(Erp):
    def row(self, entry):
        return {**super().row(entry), "number": entry["number"].lstrip("0")}


class Twice(Erp):
    def payables(self, period, component):
        for page in super().payables(period, component):
            yield page
            yield page


class Numbers(Erp):
    def page(self, entries, start):
        page = super().page(entries, start)
        return dataclasses.replace(page, rows=page.rows.with_columns(pl.col("number").cast(pl.Int64)))


class Nowhere(Erp):
    def row(self, entry):
        return {**super().row(entry), "place": None}


class SamePlace(Erp):
    def row(self, entry):
        return {**super().row(entry), "place": "1"}


class TakesDrafts(Erp):
    states = "approved,draft"


class AnyMonth(Erp):
    def payables(self, period, component):
        for month in ("2026-10", period, "2026-12"):
            yield from super().payables(month, component)


class AnyComponent(Erp):
    def payables(self, period, component):
        for each in Component:
            yield from super().payables(period, each)


class PassesOver(Erp):
    def page(self, entries, start):
        return dataclasses.replace(super().page(entries, start), rejected=())


class TakesStrangers(Erp):
    def page(self, entries, start):
        rows = [self.row(entry) for entry in entries]
        return dataclasses.replace(
            super().page([], start), rows=pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
        )


class Shuffles(Erp):
    chance = random.Random(1)

    def payables(self, period, component):
        for page in super().payables(period, component):
            yield dataclasses.replace(
                page, rows=page.rows.sample(fraction=1, shuffle=True, seed=self.chance.randrange(99))
            )


class MarksAsPaid(Erp):
    def payables(self, period, component):
        yield from super().payables(period, component)
        self.client.request("POST", f"{self.base_url}/paid", json={}, intent=Intent.WRITE)


class EndsAtTrouble(Erp):
    def payables(self, period, component):
        try:
            yield from super().payables(period, component)
        except ConnectorError:
            return


BREAKERS = {
    "every_approved_payable_is_given_once_to_the_last_digit": [Rounds, Writes, LosesZeros, Twice],
    "payables_are_text_with_a_place_of_their_own": [Numbers, Nowhere, SamePlace],
    "what_is_not_approved_is_not_given": [TakesDrafts],
    "payables_of_other_months_and_components_are_not_given": [AnyMonth, AnyComponent],
    "a_payable_to_nobody_known_is_rejected_never_passed_over": [PassesOver, TakesStrangers],
    "the_same_payables_come_in_the_same_order": [Shuffles],
    "reading_payables_changes_nothing": [MarksAsPaid],
    "a_lost_page_is_an_error_never_fewer_payables": [EndsAtTrouble],
}
CASES = [(title, broken) for title, several in BREAKERS.items() for broken in several]


@pytest.mark.parametrize("title", ALL)
def test_the_good_connector_keeps_the_law(title):
    result = try_law(ALL[title], Erp, ErpSimulator)
    assert result.verdict is Verdict.OK, result


@pytest.mark.parametrize(("title", "broken"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_law_bites(title, broken):
    result = try_law(ALL[title], broken, ErpSimulator)
    assert result.verdict is Verdict.FAILED, result


def test_every_law_has_a_breaker():
    assert set(BREAKERS) == set(ALL)


def test_a_counterpart_that_approves_nothing_excuses_nobody():
    class Silent(ErpSimulator):
        @property
        def seed_payables(self):
            raise AttributeError("this counterpart approves nothing")

    verdicts = {title: try_law(law, Erp, Silent).verdict for title, law in ALL.items()}
    assert set(verdicts.values()) == {Verdict.FAILED}
