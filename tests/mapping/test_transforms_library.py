"""The transforms of the field refuse what they cannot do exactly."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from baton.mapping.transforms import one, people, step
from baton.records.check_digits import identity_check
from tests.rig.examples import few

FEW = few(40)


def mapped(call, values):
    bound = step(call)
    return pl.DataFrame({"c": values}, schema={"c": pl.String}).select(bound.on(pl.col("c")).alias("o"))["o"].to_list()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("date_dmy", "31/04/2026"),
        ("date_dmy", "22/11/26"),
        ("date_dmy", "1/2/3/2026"),
        ("date_mdy", "13/13/2026"),
        ("date_yy(70)", "26/02-01"),
        ("date_jp", "令和0年1月1日"),
        ("date_jp", "昭和65年1月1日"),
        ("date_roc", "0/1/1"),
        ("date_roc", "115/13/1"),
        ("date_roc", "999/12/31"),
        ("date_roc", "289/1/1"),
        ("date_roc", "9991231"),
        ("date_cn", "〇〇〇〇年一月一日"),
        ("date_cn", "一八九九年十二月三十一日"),
        ("date_cn", "二二〇〇年一月一日"),
        ("date_cn", "二〇二六年十三月一日"),
        ("datetime_compact(Europe/Berlin)", "20260329023000"),
        ("datetime_epoch(s)", "-1"),
        ("money", "￥"),
        ("money", "1,2345"),
        ("money", "12万3千"),
        ("money", "(12"),
        ("money", "--5"),
        ("money", "5000\n6000"),
        ("money", "5000\r\n6000元"),
        ("money", "5000\u20286000"),
        ("money", "5\n000"),
        ("money", "5\t000"),
        ("money", "5\u200b000"),
        ("money", "8000 500"),
        ("money", "1,000 2,000"),
        ("money", "1,000 000"),
        ("money", "12  000"),
        ("money", "12 34.5"),
        ("money", "12 .5"),
        ("money", "5000元\n6000元"),
        ("money", "-5000 -6000"),
        ("money", "(5000) (6000)"),
        ("money", "8000①"),  # a footnote's sign
        ("money", "8000²"),
        ("money", "①8000"),
        ("money", "8000.50¹"),
        ("money", "1⒉50"),
        ("money", "８０００₂元"),
        ("money", "8000½"),
        ("money_capitals", "三千五"),
        ("money_capitals", "一百一"),
        ("money_capitals", "一万二"),
        ("money_capitals", "二十万五"),
        ("money_capitals", "一亿三"),
        ("money_capitals", "一亿二千"),  # spoken it is 1.2亿
        ("money_capitals", "一亿二千五百"),
        ("money_capitals", "二十亿三百整"),
        ("money_capitals", "叁仟伍元整"),
        ("minor_units(2)", ""),
        ("minor_units(2)", "1e3"),
        ("minor_units(2)", "12345678901234567"),
        ("percent", "%"),
        ("percent", "1²%"),
        ("percent", "½%"),
        ("date_jp", "令和8年11月2②日"),
        ("times(2)", "9" * 16),
        ("times(0.000001)", "0.0001"),
        ("divided_by(7)", "1"),
        ("excel_scientific", "1E+05"),
        ("identity_18", "11010549123100"),
        ("identity_sex(男, 女)", "110105194912310021"),
        ("phone_landline_cn", "010-1555000"),
        ("phone_landline_cn", "010-5555000①"),
        ("phone_e164(86)", "+86 1380000000①"),
        ("phone_e164(86)", "1380000000①"),
        ("phone_e164(852)", "5123000¹"),
        ("phone_e164(86)", "+12"),
        ("phone_e164(86)", "12025550101"),  # of the USA, without its +
        ("phone_e164(86)", "1380000001"),
        ("phone_e164(86)", "138000000011"),
        ("phone_e164(86)", "55550000"),  # a landline without its area code
        ("phone_e164(86)", "861055550000"),
        ("phone_e164(86)", "86 (0)10 5555 0000"),
        ("phone_e164(852)", "5123 000"),
        ("phone_e164(852)", "852-5123 000"),
        ("phone_e164(81)", "81 90 0000 00"),
        ("phone_e164(49)", "49 30 5550000"),  # with its code, or of a town whose code begins like it
        ("unmojibake", "烫烫烫"),
    ],
)
def test_what_cannot_be_done_exactly_is_refused(call, text):
    assert one(call, text) is None
    assert step(call).transform.refuses


@pytest.mark.parametrize(
    ("call", "text", "result"),
    [
        ("money", "１，２３４．５元", "1234.5"),
        ("money", "1.2345万", "12345"),
        ("money", "0.00", "0.00"),
        ("money", "12 000.50", "12000.50"),
        ("money", "￥12\u00a0000\u202f500 元", "12000500"),
        ("money", "\n RMB\n5000 ", "5000"),
        ("money", "\u200b( 300 )", "-300"),
        ("money", "300 -", "-300"),
        ("money", "1.5 万 元", "15000"),
        ("half_width", "ＨＲ０１２（１）", "HR012(1)"),
        ("half_width", "￥１\u3000￦２", "¥1 ₩2"),
        ("half_width", "0012②", "0012②"),
        ("half_width", "第１.²½ﾊㄅ㎡ﬁ", "第1.²½ﾊㄅ㎡ﬁ"),
        ("nfkc", "０012②", "0012②"),
        ("nfkc", "8000¹", "8000¹"),
        ("nfkc", "ﾊﾞ㌔８㎡", "バキロ8㎡"),
        ("money_capitals", "叁仟零伍拾元零陆分", "3050.06"),
        ("money_capitals", "三千五百", "3500"),
        ("money_capitals", "三千零五", "3005"),
        ("money_capitals", "一万零二", "10002"),
        ("money_capitals", "二十五", "25"),
        ("money_capitals", "一亿二千万", "120000000"),
        ("money_capitals", "一亿零二千", "100002000"),
        ("money_capitals", "壹亿贰仟元整", "100002000"),  # 元 stands behind ones; of 1.2亿 it would be 贰仟万元
        ("money_capitals", "一万二千", "12000"),
        ("family_name_cn", "测 试", "测"),
        ("given_name_cn", "测\u3000试", "试"),
        ("family_name_cn", "测 试 甲", "测"),
        ("given_name_cn", "测 试 甲", "试甲"),
        ("family_name_cn", "欧阳 䶮", "欧阳"),
        ("given_name_cn", "欧阳 䶮", "䶮"),
        ("family_name_cn", "阿依古丽 买买提", "买买提"),
        ("family_name_cn", "䶮·测试", "测试"),
        ("minor_units(2)", "0.3", 30),
        ("minor_units(2)", "-0.05", -5),
        ("minor_units(0)", "7", 7),
        ("percent", "100%", "1"),
        ("times(10.0)", "1.5", "15"),
        ("divided_by(0.5)", "3", "6"),
        ("divided_by(100)", "-1", "-0.01"),
        ("divided_by(1000)", "0", "0"),
        ("date", "44894", date(2022, 11, 29)),
        ("date(1904)", "44894", date(2026, 11, 30)),
        ("date(1904)", "2026-11-30", date(2026, 11, 30)),
        ("date_dmy(30)", "1/1/30", date(1930, 1, 1)),
        ("date_dmy(30)", "1/1/29", date(2029, 1, 1)),
        ("date_jp", "昭和64年1月7日", date(1989, 1, 7)),
        ("date_roc", "民國89年2月29日", date(2000, 2, 29)),
        ("date_roc", "288/12/31", date(2199, 12, 31)),
        ("date_cn", "一九〇〇年一月一日", date(1900, 1, 1)),
        ("date_cn", "二一九九年十二月三十一日", date(2199, 12, 31)),
        ("path_level(1, ' > ')".replace("'", '"'), "总部 > 销售部", "总部"),
        ('path_clean(" > ")', "总部/销售部 / 一组", "总部 > 销售部 > 一组"),
        ("excel_scientific", "1.234567890123E+12", "1234567890123"),
        ("strip_trailing_zero_decimal", "-7.000", "-7"),
        ("strip_formula_prefix", '="0012"', "0012"),
        ("phone_landline_cn", "0571-5555 0000", "+86-571-55550000"),
        ("phone_e164(86)", "138-0000-0001", "+8613800000001"),
        ("phone_e164(86)", "+1 202 555 0101", "+12025550101"),
        ("phone_e164(86)", "010-55550000", "+861055550000"),
        ("phone_e164(86)", "1055550000", "+861055550000"),
        ("phone_e164(86)", "(0755) 5555 0000", "+8675555550000"),
        ("phone_e164(86)", "0898-5555000", "+868985555000"),
        ("phone_e164(86)", "400-100-0000", "+864001000000"),
        ("phone_e164(1)", "202 555 0101", "+12025550101"),
        ("phone_e164(1)", "1-202-555-0101", "+12025550101"),
        ("phone_e164(852)", "852-5123 0001", "+85251230001"),
        ("phone_e164(852)", "8521 0001", "+85285210001"),
        ("phone_e164(853)", "(853) 6612 3456", "+85366123456"),
        ("phone_e164(886)", "886 2 5555 0000", "+886255550000"),
        ("phone_e164(886)", "0912-000-001", "+886912000001"),
        ("phone_e164(81)", "81 90 0000 0001", "+819000000001"),
        ("phone_e164(82)", "82-10-0000-0001", "+821000000001"),
        ("phone_e164(82)", "02-555-0000", "+8225550000"),
        ("phone_e164(65)", "6512 0000", "+6565120000"),
        ("phone_e164(44)", "44 20 7946 0000", "+442079460000"),
        ("phone_e164(49)", "0493 0555000", "+494930555000"),
        ("phone_e164(86)", "8613800000001", "+8613800000001"),
        ("phone_e164(86)", "+86 (0)10 5555 0000", "+861055550000"),
        ("phone_e164(86)", "+86 （０） 10 5555 0000", "+861055550000"),
        ("phone_e164(86)", "+86 010 5555 0000", "+861055550000"),
        ("phone_e164(86)", "0086(010)55550000", "+861055550000"),
        ("phone_e164(86)", "(+44) (0)20 7946 0000", "+442079460000"),
        ("phone_e164(86)", "+39 (0)6 5555 0000", "+390655550000"),  # in Italy the 0 is part of the number
        ("phone_cn", "+44 (0)20 7946 0000", "+442079460000"),
        ("phone_landline_cn", "+86 (0)10 5555 0000", "+86-10-55550000"),
        ("mask(0, 0)", "测试", "**"),
        ("mask(99, 99)", "测试", "**"),
    ],
)
def test_what_people_write_is_read(call, text, result):
    assert one(call, text) == result


@pytest.mark.parametrize(
    "call",
    ["date(1970)", "times(0)", "times(-1)", "divided_by(x)", "date_dmy(170)", "date_yy", "datetime_epoch(h)", "path_level(0, /)",
     "phone_e164(086)", "minor_units(12)", 'path_last("")', "mask(1)", "identity_sex(男)", "datetime_compact(Mars/One)"],
)  # fmt: skip
def test_arguments_are_checked(call):
    with pytest.raises(ValueError, match=r".+"):
        step(call)


@pytest.mark.parametrize("dot", [*"·•・‧･∙⋅\u0387．.﹒․", " . ", "．\u3000"])
def test_whatever_is_written_for_the_dot_of_a_name_parts_it(dot):
    name = f"阿卜杜拉{dot}买买提"
    assert (one("family_name_cn", name), one("given_name_cn", name)) == ("买买提", "阿卜杜拉")
    assert (one("family_name_cn", "䶮·" + name), one("family_name_cn", name + "·䶮")) == ("买买提", "䶮")


@pytest.mark.parametrize(
    ("name", "family", "given"),
    [
        ("J.R. Test", "Test", "J.R."),
        ("J.R.Test", "J.R.Test", None),
        ("1.测试", "1", ".测试"),
        ("测试.", "测", "试."),
        ("测试.2", "测", "试.2"),
    ],
)
def test_a_full_stop_is_such_a_dot_only_between_chinese_characters(name, family, given):
    assert (one("family_name_cn", name), one("given_name_cn", name)) == (family, given)


@pytest.mark.parametrize("code", sorted(people._NATIONAL))
@FEW
@given(data=st.data())
def test_a_telephone_number_is_the_same_with_its_code_and_without(code, data):
    behind = data.draw(st.from_regex(people._BEHIND_CODE[code], fullmatch=True).filter(str.isascii))
    assert one(f"phone_e164({code})", behind) == f"+{code}{behind}"
    assert one(f"phone_e164({code})", code + behind) == f"+{code}{behind}"


@FEW
@given(st.decimals(-(10**12), 10**12, places=2))
def test_minor_units_are_exact(amount):
    assert one("minor_units(2)", f"{amount:f}") == int(amount * 100)


@FEW
@given(st.decimals(-(10**9), 10**9, places=3), st.decimals("0.01", 9_999, places=2))
def test_products_are_exact(number, factor):
    assume(factor)
    assert Decimal(one(f"times({factor})", f"{number:f}")) == number * factor


@FEW
@given(st.decimals(-(10**9), 10**9, places=3), st.sampled_from(["2", "100", "0.5", "1000", "12.5"]))
def test_quotients_are_exact_or_refused(number, divisor):
    assert Decimal(one(f"divided_by({divisor})", f"{number:f}")) * Decimal(divisor) == number


AMOUNTS = st.decimals(-(10**12), 10**12, places=2)
BLANKS = st.text(alphabet=" \t\r\n\u00a0\u2009\u202f\u3000\u2028\u200b", min_size=1, max_size=3)
WRITTEN = st.sampled_from(["{}", "{:,}", "￥{}", "{:,}元", "RMB {:,}"])


@FEW
@given(AMOUNTS, WRITTEN, st.none() | st.sampled_from([" ", "\u00a0", "\u2009", "\u202f"]), BLANKS, BLANKS)
def test_an_amount_is_read_back_however_it_is_set_apart(amount, form, separator, before, behind):
    text = form.format(amount) if separator is None else f"{amount:,}".replace(",", separator)
    assert Decimal(one("money", before + text + behind)) == amount


@FEW
@given(AMOUNTS.filter(lambda amount: abs(amount) >= 1000), AMOUNTS, WRITTEN, BLANKS)
def test_two_amounts_in_one_cell_are_never_one(first, second, form, between):
    texts = [form.format(first) + between + form.format(second), f"{first:.0f}{between}{second:.0f}"]
    assert mapped("money", texts) == [None, None]
    assert [one("money", text) for text in texts] == [None, None]


@FEW
@given(st.integers(0, 10**12 - 1))
def test_amounts_in_capitals_are_read_back(number):
    assume(number)
    assert mapped("money_capitals", [in_capitals(number)]) == [str(number)]


def in_capitals(number):
    """As banks have it written: 壹万零伍佰元整."""
    words = ""
    for power, unit in ((8, "亿"), (4, "万"), (0, "")):
        group = number // 10**power % 10**4
        text, gap = "", False
        for place, small in ((3, "仟"), (2, "佰"), (1, "拾"), (0, "")):
            digit = group // 10**place % 10
            if digit:
                text += ("零" if gap and text else "") + "零壹贰叁肆伍陆柒捌玖"[digit] + small
                gap = False
            else:
                gap = True
        if text:
            words += ("零" if words and group < 1_000 else "") + text + unit
    return words + "元整"


@FEW
@given(st.dates(date(1912, 1, 1), date(2199, 12, 31)))
def test_days_are_read_in_every_calendar(day):
    assert one("date_roc", f"民國{day.year - 1911}年{day.month}月{day.day}日") == day
    assert one("date_dmy", f"{day.day}/{day.month}/{day.year}") == day
    assert one("date_mdy", f"{day.month:02d}-{day.day:02d}-{day.year}") == day


@FEW
@given(st.text(alphabet="测试甲乙丙丁戊己庚辛éüßñ", min_size=3, max_size=12))
def test_what_was_garbled_is_put_right_or_refused_and_never_something_else(text):
    garbled = text.encode().decode("latin-1")
    assert one("unmojibake", garbled) == text
    if not set(text) <= set("éüßñ"):  # pairs of nothing but such letters are what Chinese in GBK looks like
        assert one("unmojibake", text) == text


@FEW
@given(st.text(alphabet="测试甲abc1", max_size=30), st.integers(0, 9), st.integers(0, 9))
def test_a_mask_keeps_the_length_and_hides_at_least_a_third(text, first, last):
    masked = one(f"mask({first}, {last})", text)
    assert len(masked) == len(text)
    assert masked.count("*") * 3 >= len(text)


@pytest.mark.parametrize("call", ["mask_identity", "mask_card", "mask(3, 4)"])
def test_a_mask_shows_no_birth_date(call):
    assert "19491231" not in one(call, "11010519491231002X")


def test_an_upgraded_identity_number_is_one():
    upgraded = one("identity_18", "110105491231002")
    assert one("identity_cn", upgraded) == upgraded


@pytest.mark.parametrize("call", ["identity_cn", "identity_18", "identity_birthday"])
def test_nobody_is_born_in_the_future(call):
    today = datetime.now(UTC).date()

    def born(day):
        first17 = f"110105{day:%Y%m%d}002"
        return first17 + pl.select(identity_check(pl.lit(first17))).item()

    assert one(call, born(date(2126, 11, 22))) is None
    assert one(call, born(today + timedelta(2))) is None
    assert one(call, born(today - timedelta(1))) is not None
