"""Terms that come with the data (kinds of difference, rules, outcomes, reasons), as a person would say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from baton.hub.migration.report.texts import Pair

CAUSES: Final[Mapping[str, Pair]] = {
    "value": ("another value", "值不同"),
    "missing": ("the record is missing", "记录缺失"),
    "extra": ("a record nobody planned", "多出的记录"),
    "duplicate": ("the record is there twice", "记录重复"),
    "cut": ("the end was cut off", "末尾被截断"),
    "leading_zeros": ("leading zeros were lost", "前导零丢失"),
    "zone_shift": ("shifted by a time zone", "时区偏移"),
    "mojibake": ("garbled characters", "乱码"),
    "swapped": ("two columns changed places", "两列互换"),
    "no_value": ("no value against empty text", "无值与空文本"),
    "padding": ("blanks at the ends", "首尾空格"),
    "unicode": ("another Unicode form", "Unicode 形式不同"),
    "width": ("full or half width", "全角与半角"),
    "scale": ("other decimal places", "小数位不同"),
    "zone": ("the same moment in another zone", "时区写法不同"),
}
RULES: Final[Mapping[str, Pair]] = {
    "cleaning": ("does not pass a cleaning rule", "未通过清洗规则"),
    "key": ("the key is missing", "缺少主键"),
    "duplicate_key": ("the key is there more than once", "主键重复"),
    "cycle": ("refers to itself in a circle", "循环引用"),
    "reference": ("refers to a record that does not exist", "引用的记录不存在"),
    "ambiguous": ("the target has several records of this key", "目标中该主键有多条记录"),
    "required": ("a required value is missing", "缺少必填值"),
    "max_length": ("too long", "超过长度限制"),
    "choices": ("not one of the allowed values", "不在允许的取值中"),
    "table": ("not in the code table", "不在代码表中"),
    "unprintable": ("holds characters that cannot be seen", "含有不可见字符"),
    "email_lower": ("not a mail address", "不是邮箱地址"),
    "digits_only": ("not only digits", "不全是数字"),
    "phone_cn": ("not a phone number", "不是电话号码"),
    "identity_cn": ("not a resident identity number", "不是有效的身份证号"),
    "bank_card": ("not a bank card number", "不是银行卡号"),
    "date": ("not an existing day", "不是有效日期"),
    "time": ("not a time of day", "不是有效时间"),
    "datetime": ("not a moment in time", "不是有效的日期时间"),
    "zone": ("not a time zone", "不是时区"),
    "integer": ("not a whole number", "不是整数"),
    "decimal": ("not a number of that many decimal places", "不是规定小数位数的数字"),
    "boolean": ("neither yes nor no", "既非是也非否"),
    "excel_scientific": ("digits were lost to E notation", "科学计数法丢失了数字"),
    "unmojibake": ("garbled and cannot be put right", "乱码且无法还原"),
    "identity_18": ("not a resident identity number", "不是有效的身份证号"),
    "identity_birthday": ("not a resident identity number", "不是有效的身份证号"),
    "identity_sex": ("not a resident identity number", "不是有效的身份证号"),
    "phone_landline_cn": ("not a landline with its area code", "不是带区号的固定电话"),
    "phone_e164": ("not a phone number", "不是电话号码"),
    "date_dmy": ("not an existing day", "不是有效日期"),
    "date_mdy": ("not an existing day", "不是有效日期"),
    "date_yy": ("not an existing day", "不是有效日期"),
    "date_cn": ("not an existing day", "不是有效日期"),
    "date_jp": ("not an existing day", "不是有效日期"),
    "date_roc": ("not an existing day", "不是有效日期"),
    "datetime_compact": ("not a moment in time", "不是有效的日期时间"),
    "datetime_epoch": ("not a moment in time", "不是有效的日期时间"),
    "money": ("not an amount of money", "不是金额"),
    "money_capitals": ("not an amount in Chinese words", "不是大写金额"),
    "minor_units": ("not an amount of so many places", "不是规定小数位数的金额"),
    "percent": ("not a percentage", "不是百分数"),
    "times": ("not a number", "不是数字"),
    "divided_by": ("not a number", "不是数字"),
    "ragged": ("another number of fields than the header", "字段数与表头不符"),
    "field_too_long": ("a field is too long", "字段过长"),
    "nul": ("holds a NUL character", "含有空字符"),
    "bare_cr": ("a line end inside the row", "行内有换行符"),
    "unclosed_quote": ("a quote is not closed", "引号未闭合"),
    "stray_quote": ("a quote in the wrong place", "引号位置错误"),
    "quote_swallows_rows": ("a quote swallows rows", "引号吞并了后续行"),
    "merged_cells": ("merged cells", "合并单元格"),
    "not_text": ("not a text", "不是文本"),
}
OUTCOMES: Final[Mapping[str, Pair]] = {
    "refused": ("refused", "被拒绝"),
    "not_performed": ("not done yet", "尚未执行"),
    "in_doubt": ("in doubt", "结果不明"),
    "accepted": ("accepted, not proved", "已受理，未证实"),
}
CODES: Final[Mapping[str, Pair]] = {
    "changed": ("changed by others", "已被他人修改"),
}
REASONS: Final[tuple[Pair, ...]] = (
    (r"(\d+) segments are not finished", "{0} 个批次尚未完成"),
    (r"(\d+) segments have not been read back", "{0} 个批次尚未读回"),
    (r"(\d+) records were refused by the target", "{0} 条记录被目标拒绝"),
    (r"(\d+) records were read back otherwise than planned", "{0} 条记录读回后与计划不一致"),
    (r"(\d+) source rows are in quarantine", "{0} 行来源数据被隔离"),
    (r"the target has (\d+) records more than it should", "目标比应有的多 {0} 条记录"),
    (
        r"what (\d+) records held before in (.*) is not known: ours is left there",
        "{0} 条记录的 {1} 原值未知，保留迁移写入的值",
    ),
    (r"control totals differ: (.*)", "控制合计不符：{0}"),
    (r"stopped: (.*)", "已停止：{0}"),
    (
        r"wave (\d+): of (\d+) records (\d+) were refused and (\d+) read back otherwise",
        "第 {0} 批：{1} 条记录中 {2} 条被拒，{3} 条读回不一致",
    ),
)
"""The reasons that a run keeps, as patterns, and how they are said in Chinese."""
