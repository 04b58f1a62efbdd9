"""Each transform does what its doctest says, keeps "no value", and treats one value and a column alike."""

import doctest
import importlib
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.errors import ConfigurationError
from baton.mapping import check_examples, load_mapping, transforms
from baton.mapping.steps import split_call
from baton.mapping.transforms import (
    TRANSFORMS,
    dates,
    load_transforms,
    money,
    one,
    people,
    step,
    transform,
    transform_names,
)
from baton.mapping.values import ValueType
from tests.rig.examples import few

MODULES = ("text", "people", "dates", "numbers", "calendars", "masking", "money", "paths", "repairs")
ARGUMENTS = {
    "prefix": "(a)",
    "suffix": "(a)",
    "strip_prefix": "(a)",
    "default": "(a)",
    "empty_if": "(a)",
    "truncate": "(3)",
    "last": "(3)",
    "zero_pad": "(4)",
    "before": "(-)",
    "after": "(-)",
    "join": "(-)",
    "decimal": "(2)",
    "date_text": "(iso)",
    "path_clean": "(/)",
    "path_last": "(/)",
    "path_parent": "(/)",
    "path_level": "(2, /)",
    "split_nth": "(-, 2)",
    "identity_sex": "(男, 女)",
    "phone_e164": "(86)",
    "mask": "(1, 1)",
    "date_yy": "(70)",
    "datetime_compact": "(Asia/Shanghai)",
    "datetime_epoch": "(s)",
    "minor_units": "(2)",
    "times": "(10)",
    "divided_by": "(4)",
}
TEXTUAL = sorted(n for n, t in TRANSFORMS.items() if t.takes is ValueType.TEXT and not t.many)


@pytest.mark.parametrize("name", [*MODULES, "../steps", "../values"])
def test_the_doctests_hold(name):
    module = importlib.import_module(
        f"baton.mapping.{name[3:]}" if name.startswith("..") else f"baton.mapping.transforms.{name}"
    )
    result = doctest.testmod(module, extraglobs={"one": one, "Decimal": Decimal})
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_every_transform_is_documented_with_an_example_of_its_own(name):
    doc = TRANSFORMS[name].function.__doc__ or ""
    assert TRANSFORMS[name].about
    assert f'one("{name}' in doc


def test_the_guide_lists_every_transform():
    guide = (Path(__file__).parents[2] / "docs" / "mapping-guide.md").read_text("utf-8")
    assert [name for name in TRANSFORMS if f"`{name}" not in guide] == []


def test_the_guides_own_mapping_loads_and_holds(tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "mapping-guide.md").read_text("utf-8")
    path = tmp_path / "m.yaml"
    text = guide.split("```yaml\n")[1].split("```")[0]
    path.write_text(text, "utf-8")
    assert check_examples(load_mapping(path, source_fields=None, target_fields=None)) == []


@pytest.mark.parametrize("name", [n for n in TEXTUAL if n != "default"])
def test_no_value_stays_no_value(name):
    assert one(name + ARGUMENTS.get(name, ""), None) is None


@pytest.mark.parametrize("name", TEXTUAL)
@few(15)
@given(values=st.lists(st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["2026-11-22", "张三", "1", "是"]))))
def test_a_column_is_mapped_as_its_values_are(name, values):
    bound = step(name + ARGUMENTS.get(name, ""))
    frame = pl.DataFrame({"c": values}, schema={"c": pl.String})
    together = frame.select(bound.on(pl.col("c")).alias("o"))["o"].to_list()
    assert together == [frame[i : i + 1].select(bound.on(pl.col("c")).alias("o")).item() for i in range(len(values))]


def _nearly(form: str) -> st.SearchStrategy[str]:
    """Texts of the form, some of them with one character put in or exchanged."""

    def spoilt(text: str, place: int, width: int, char: str) -> str:
        return text[:place] + char + text[place + width :]

    written = st.from_regex(form, fullmatch=True)
    chars = st.sampled_from(" ,.-/+:T0159(１￥元万①²⒈½\u3000\u202f\n")
    return written | st.builds(spoilt, written, st.integers(0, 20), st.integers(0, 1), chars)


@pytest.mark.parametrize(
    ("usual", "general", "form"),
    [
        (dates._plain_day, dates._any_day, r"(18|19|20|21|22)[0-9]{2}([-/])[01]?[0-9]\2[0-3]?[0-9]"),
        (
            dates._plain_moment,
            dates._any_local,
            r"(19|20|22)[0-9]{2}-[01][0-9]-[0-3][0-9]([ T][0-2][0-9](:[0-6][0-9]){2})?",
        ),
        (money._usual_amount, money._any_amount, r"-?[0-9]{1,3}(,?[0-9]{3}){0,6}(\.[0-9]{1,10})?"),
        (people._bare_mobile, people._any_phone, r"1[2-9][0-9]{9}"),
    ],
)
@few(40)  # each example is up to 20 texts
@given(data=st.data())
def test_a_short_cut_reads_a_text_as_the_long_way_does(usual, general, form, data):
    texts = pl.Series("t", data.draw(st.lists(_nearly(form), min_size=1, max_size=20)))
    short, long = texts.to_frame().select(usual(pl.col("t")).alias("s"), general(pl.col("t")).alias("l"))
    taken = short.is_not_null()
    assert short.filter(taken).to_list() == long.filter(taken).to_list()


@pytest.mark.parametrize(
    "text", ["2026-02-29", "2026-13-01", "0001-01-01", "31/12/26", "1E5", "2026/11-22", "2026-11-2２", "99999"]
)
def test_dates_that_are_none(text):
    assert one("date", text) is None


@pytest.mark.parametrize("text", ["１２３", "٣", "²", "1_000", " 1", "1.0", "", "9" * 19])
def test_integers_that_are_none(text):
    assert one("integer", text) is None


def test_an_hour_that_the_clocks_skip_or_repeat_is_refused():
    assert one("datetime(Europe/Berlin)", "2026-03-29 02:30") is None
    assert one("datetime(Europe/Berlin)", "2026-10-25 02:30") is None
    assert str(one("datetime(Asia/Kathmandu)", "2026-11-22 00:00")) == "2026-11-21 18:15:00+00:00"
    assert one("time", "23:59:60") is None


def test_a_bare_day_is_its_midnight_where_a_zone_is_given_and_there_is_one():
    """Workbooks keep a moment at midnight as the bare day."""
    for zone in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kathmandu"):
        assert one(f"datetime({zone})", "2026-11-22") == one(f"datetime({zone})", "2026-11-22 00:00:00")
    assert str(one("datetime(Asia/Shanghai)", "2026-11-22")) == "2026-11-21 16:00:00+00:00"
    assert one("datetime", "2026-11-22") is None
    assert one("datetime(America/Sao_Paulo)", "2018-11-04") is None, "the clocks skipped that midnight"
    for text in ("2026-02-30", "2026/11/22", "2026-11", "2026-11-22T", "1899-11-22"):
        assert one("datetime(Asia/Shanghai)", text) is None


@few(30)
@given(st.text(alphabet=st.characters(codec="utf-8", categories=["Lo"]), min_size=1, max_size=6))
def test_splitting_a_chinese_name_loses_nothing(name):
    assert (one("family_name_cn", name) or "") + (one("given_name_cn", name) or "") == name


@few(30)
@given(st.from_regex(r"[0-9]{12,19}", fullmatch=True))
def test_the_card_check_is_luhn(number):
    total = sum(sum(divmod(int(d) * (1 + place % 2), 10)) for place, d in enumerate(reversed(number)))
    assert one("bank_card", number) == (number if total % 10 == 0 else None)


@pytest.mark.parametrize(
    "call",
    ["", "Trim", "trim(", "trim)", "truncate()", "truncate(1,)", "f(a)(b)", "trim;x", "__import__('os')", 'p("a)'],
)
def test_calls_that_are_none(call):
    with pytest.raises(ValueError, match=r".+"):
        step(call)


def test_arguments_may_be_quoted():
    assert split_call('join(" (a, b) ")') == ("join", (" (a, b) ",))


def test_a_transform_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "shop_codes_for_test.py").write_text(
        "import polars as pl\n"
        "from baton.mapping.transforms import transform\n"
        "@transform('shop_code', refuses='is not a shop code')\n"
        "def shop_code(column):\n"
        "    return pl.when(column.str.contains('^S-[0-9]{3}$')).then(column)\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(transforms, "_own", {})
    load_transforms(["shop_codes_for_test"])
    assert (one("shop_code", "S-012"), one("shop_code", "S-1")) == ("S-012", None)
    assert "shop_code" in transform_names()


def test_modules_that_cannot_be_loaded_are_all_named():
    with pytest.raises(ConfigurationError) as caught:
        load_transforms(["no_such_module_a", "no_such_module_b"])
    assert len(caught.value.faults) == 2


def test_a_name_in_use_is_refused():
    with pytest.raises(ValueError, match="already"):
        transform("trim")(lambda column: column)
