"""Profiles: every fault at once with its file and line, unknown keys refused, a customer's values over ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.banking.catalogue import load_profile, load_profiles, packaged
from baton.banking.writing import LAYOUTS
from baton.errors import ConfigurationError
from tests.banking.writing.samples import PROFILES, sample

CSV = (Path(__file__).parents[3] / "baton/banking/profiles/generic-csv.yaml").read_text("utf-8")
FIXED = (Path(__file__).parents[3] / "baton/banking/profiles/generic-fixed.yaml").read_text("utf-8")


def load(folder, text, name="ours"):
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    return load_profile(name, folder)


def faults(folder, text):
    with pytest.raises(ConfigurationError) as caught:
        load(folder, text)
    return [str(fault).removeprefix(f"{folder}/") for fault in caught.value.faults]


def test_every_format_has_a_packaged_profile_and_every_profile_says_what_is_unverified_or_is_an_example():
    profiles = [sample(name) for name in packaged()]
    assert {profile.format for profile in profiles} == set(LAYOUTS)
    assert [profile.name for profile in profiles if not profile.unverified] == ["generic-csv", "generic-fixed"]


@pytest.mark.parametrize("name", sorted(name for name in PROFILES if "contract" in PROFILES[name]))
def test_a_profile_that_needs_a_contract_says_so_when_it_is_used_without(name):
    with pytest.raises(ConfigurationError) as caught:
        load_profile(name)
    assert [fault.message for fault in caught.value.faults] == ["contract is missing"]


def test_a_customers_profile_adds_to_ours_key_by_key(tmp_path):
    text = "based_on: cmb-agency\ntitle: 我们的招行\nlines_per_file: 1000\nfields:\n  holder: {longest: 40}\n"
    text += "contract: {login: demo01, branch: '75', business_mode: '00001'}\nexpress: Y\n"
    ours, theirs = load(tmp_path, text), sample("cmb-agency")
    assert (ours.name, ours.lines_per_file, ours.express, ours.title) == ("ours", 1000, "Y", "我们的招行")
    assert (ours.fields.holder.longest, ours.fields.holder.counted) == (40, "doubled")
    assert ours.components == theirs.components


def test_answers_are_added_to_in_their_format_and_replaced_by_another(tmp_path):
    contract = "based_on: cmb-agency\ncontract: {login: demo01, branch: '75', business_mode: '00001'}\n"
    ours = load(tmp_path, f"{contract}answers: {{element: NTOTHERZ, row: {{words: ERRTXT}}}}\n").answers
    assert (ours.format, ours.element, ours.row.words, ours.row.message) == (
        "cmb-agency",
        "NTOTHERZ",
        "ERRTXT",
        "YURREF",
    )
    rows = "{format: rows, encoding: gbk, columns: 2, reference: 1, state: 2, states: {'1': paid}}"
    assert load(tmp_path, f"{contract}answers: {rows}\n").answers.format == "rows"
    (fault,) = faults(tmp_path, f"{contract}answers: {{format: rows, encoding: gbk, columns: 2, reference: 1, state: 3,"
                      " states: {'1': paid}}\n")  # fmt: skip
    assert fault.startswith("ours.yaml:3")
    assert "there is no column 3 of 2" in fault


def test_a_customers_profile_of_the_same_name_goes_before_ours(tmp_path):
    assert load(tmp_path, "based_on: iso20022-cny\ntitle: ours", "iso20022-cny").title == "ours"
    assert load_profile("iso20022-cny").title != "ours"


def test_a_profile_is_taken_apart_once_and_again_when_its_file_says_something_else(tmp_path):
    first = load(tmp_path, "based_on: iso20022-cny\ntitle: first")
    assert load_profile("ours", tmp_path) is first
    assert load(tmp_path, "based_on: iso20022-cny\ntitle: other").title == "other"
    assert load_profile("iso20022-cny") is load_profile("iso20022-cny")


def test_a_profile_with_faults_tells_them_each_time(tmp_path):
    text = "based_on: iso20022-cny\nscale: 0\n"
    assert faults(tmp_path, text) == faults(tmp_path, text) != []


def test_all_faults_of_all_files_are_told_at_once_with_file_and_line(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "based_on: iso20022-cny\nscale: 0\nlines_per_file: many\nfields:\n  holder:\n    longst: 70\nacount: iban\nname: x\n",
        "utf-8",
    )
    (tmp_path / "b.yaml").write_text("based_on: iso20022-cny\nencoding: gbk\n", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_profiles(tmp_path)
    told = [(Path(fault.place).name, fault.rule) for fault in caught.value.faults]
    assert told == [
        ("a.yaml:8", "unknown_key"), ("a.yaml:3", "int_parsing"), ("a.yaml:6", "unknown_key"),
        ("a.yaml:7", "unknown_key"), ("b.yaml:2", "literal_error"),
    ]  # fmt: skip
    assert "did you mean 'account'" in str(caught.value)


def test_what_stands_in_our_half_of_a_profile_is_placed_in_our_file(tmp_path):
    (fault,) = faults(tmp_path, "based_on: boc-b2e0061\nencoding: ascii\ncontract: {customer: '1', operator: a}\n")
    assert fault == "ours.yaml:3: contract.terminal is missing [missing]"
    (fault,) = faults(
        tmp_path,
        "based_on: cmb-agency\ncontract: {login: a, branch: '75', business_mode: '00001'}\nfields: {town: x}\n",
    )
    assert fault.startswith("ours.yaml:3: fields.town")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("format: nonsense", "is none of pain.001.001.09"),
        ("based_on: cmb", "does not come with Baton"),
        ("based_on: [cmb-agency]", "does not come with Baton"),
        ("- a list", "a bank profile is a table"),
        ("based_on: iso20022-cny\nscale: '0'", "CNY in major units has a scale of 2"),
        ("based_on: iso20022-cny\nunit: minor", "CNY in minor units has a scale of 0"),
        ("based_on: iso20022-cny\nunit: fen", "unit"),
        ("based_on: iso20022-cny\ncurrencies: [CNY, JPY]", "JPY in major units has a scale of 0"),
        ("based_on: iso20022-cny\ncurrencies: yuan", "three capital letters"),
        ("based_on: iso20022-cny\ncurrencies: []", "currencies"),
        ("based_on: iso20022-cny\nencoding: utf-16", "encoding"),
        ("based_on: iso20022-cny\ntime_zone: Mars/Base", "there is no such time zone"),
        ("based_on: iso20022-cny\ntime_zone: ../../etc", "there is no such time zone"),
        ("based_on: iso20022-cny\nfile_name: pay", "the message id and the digest belong in it"),
        ("based_on: iso20022-cny\nfile_name: '{message_id}_{digest}_{holder}'", "a file name is made of"),
        ("based_on: iso20022-cny\nfile_name: '../{message_id}{digest}'", "letters, digits, - and _"),
        ("based_on: iso20022-cny\nextension: ../x", "extension"),
        ("based_on: iso20022-cny\nlargest_amount_minor: 100\nlargest_total_minor: 99", "larger than the largest total"),
        ("based_on: iso20022-cny\ncomponents: {salary: {category: SALARY}}", "components.salary.category"),
        ("based_on: iso20022-cny\ncomponents: {wages: {category: SALA}}", "components.wages"),
        ("based_on: iso20022-cny\nbatch_booking: maybe", "batch_booking"),
        ("based_on: iso20022-cny\ntable: {}", "table is not known here"),
        ("based_on: iso20022-cny\nown_bank_codes: ['']", "own_bank_codes"),
        ("based_on: iso20022-cny\nown_bank_codes: '3'", "at least three characters"),
        ("based_on: iso20022-cny\nsplit: own_and_other_banks", "cannot be told apart"),
        ("based_on: iso20022-cny\nfields: {holder: {refused: ['']}}", "fields.holder.refused"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, given, message):
    assert any(message in told for told in faults(tmp_path, given + "\n"))


def test_a_name_is_not_a_way_to_other_files(tmp_path):
    with pytest.raises(ConfigurationError, match=r"there is no bank profile 'iso20022'; did you mean 'iso20022-"):
        load_profile("iso20022", tmp_path)
    for name in ("../profiles/iso20022-cny", "/etc/passwd", "", "Our Bank"):
        with pytest.raises(ConfigurationError, match="small letters, digits and -"):
            load_profile(name, tmp_path)


def test_the_name_of_a_file_says_profile_message_and_digest():
    profile = sample("iso20022-cny")
    assert profile.file_name_for("MSG1", "0123456789abcdef" * 4) == "iso20022-cny_MSG1_0123456789ab.xml"


# --- rows


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{from: holder, width: 42}", "{from: holder, width: 41}", "holder has a width of 41 and may be 42 bytes long"),
        ("longest: 42, counted: bytes", "longest: 42", "may be 84 bytes long"),
        ("{from: amount, width: 12", "{from: amount, width: 8", "amount has a width of 8 and may be 9"),
        ("{from: position, width: 6", "{from: position, width: 3", "position has a width of 3 and may be 4"),
        ("{from: total, width: 15", "{from: total, width: 11", "total has a width of 11 and may be 12"),
        ("{from: component, width: 4}", "{from: component, width: 3}", "component has a width of 3"),
        ("{from: execution_day, width: 8}", "{from: execution_day, width: 8, date: '%Y-%m-%d'}", "may be 10"),
        ('width: 12, align: right, pad: "0"}', 'width: 12, pad: "0"}', "amount is filled up with '0' at its end"),
        ("{from: account, width: 32}", '{from: account, width: 32, pad: "0"}', "account is filled up with '0'"),
        ("{from: number, width: 12}", '{from: number, width: 12, align: right, pad: "9"}', "number is filled up"),
        ("{text: D, width: 1}", "{text: 甲, width: 1}", "may be 2 bytes long"),
        ("{text: D, width: 1}", "{text: 𠮷, width: 4}", "cannot be written in GBK"),
        ("{text: D, width: 1}", "{text: D}", "a fixed text has no width"),
        ("{text: D, width: 1}", "{text: D, from: amount, width: 12}", "either 'from' or 'text'"),
        ("{text: D, width: 1}", "{width: 12}", "either 'from' or 'text'"),
        ("{from: number, width: 12}", "{from: own_bank, width: 12}", "own_bank needs values for yes and no"),
        ("{from: number, width: 12}", "{from: currency, values: {EUR: '1'}, width: 12}", "a currency has no value"),
        ("{from: execution_day, width: 8}", "{from: execution_day, width: 8, date: '%A'}", "a date is made of"),
        ("{text: T, width: 1}", "{from: amount, width: 12}", "amount is of a line"),
        ("kind: fixed", "kind: fixed\ntitles: 'yes'", "has no titles"),
    ],
)
def test_a_layout_whose_rows_might_not_hold_what_comes_is_refused_when_it_is_loaded(tmp_path, old, new, message):
    assert old in FIXED
    assert any(message in told for told in faults(tmp_path, FIXED.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("quote: when_needed", "quote: never", "收款户名 may hold the delimiter"),
        ("{name: 序号, from: position}", "{name: 序号, text: 'a,b'}", None),
    ],
)
def test_an_unquoted_file_may_not_hold_its_delimiter(tmp_path, old, new, message):
    text = CSV.replace(old, new, 1)
    if message is None:
        load(tmp_path, text)
    else:
        assert any(message in told for told in faults(tmp_path, text))


def test_it_may_when_the_fields_refuse_the_delimiter(tmp_path):
    text = CSV.replace("quote: when_needed", "quote: never").replace("longest: 60}", "longest: 60, refused: ','}")
    profile = load(tmp_path, text.replace("columns:", "  remark: {refused: ','}\ncolumns:"))
    assert profile.quote == "never"


@pytest.mark.parametrize(
    ("delimiter", "cell", "message"),
    [
        ("-", "{name: 月份, from: period}", "月份 holds the delimiter"),
        ("-", "{name: 日期, from: execution_day, date: '%Y-%m-%d'}", "日期 holds the delimiter"),
        (":", "{name: 时间, from: created, date: '%H:%M'}", "时间 holds the delimiter"),
        (".", "{name: 总额, from: total}", "总额 holds the delimiter"),
        ("2", "{name: 笔数, from: count}", "a letter or a digit separates nothing"),
        ("A", "{name: 编号, from: message_id}", "a letter or a digit separates nothing"),
        ("|", "{name: 日期, from: execution_day, date: '%Y-%m-%d'}", ""),
        ("|", "{name: 月份, from: period}", ""),
    ],
)
def test_what_the_layout_itself_writes_may_not_hold_the_delimiter_either(tmp_path, delimiter, cell, message):
    text = CSV.replace("quote: when_needed", "quote: never").replace('delimiter: ","', f'delimiter: "{delimiter}"')
    text = text.replace("  - {name: 收款户名, from: holder}\n", f"  - {cell}\n").replace(
        "  - {name: 附言, from: remark}\n", ""
    )
    if message:
        assert any(message in told for told in faults(tmp_path, text))
    else:
        assert load(tmp_path, text).delimiter == delimiter
