"""What a good engineer writes by hand: polars, COPY in, read back, compare digests: ``polars_copy.py CSV CONNINFO``.

No ledger, no resume, no way back, no report of which cell was refused or differs; it says how many rows came back alike.
"""

import io
import sys

import polars as pl
import polars_hash as plh
import psycopg

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_BLANKS = " \t\r\n\u3000\u00a0\u200b\ufeff"
_GROUPING = r"[\s\u{3000}\u{a0}\u{200b}\u{feff}\-()（）]"
_EMAIL = r"^[^@\s,;<>\"()]{1,64}@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
_EMPLOYMENT = {"正式": "regular", "实习": "intern", "外包": "contractor", "兼职": "part_time"}
_STATUS = {"在职": "active", "试用": "probation", "离职": "departed", "停薪留职": "on_leave"}
_MUST = ("number", "full_name", "identity_number", "department", "status", "hire_day", "salary", "bank_account")
_MAY = {"mobile": "手机", "email": "工作邮箱", "contract_end_day": "合同终止日", "updated_at": "更新时间"}
_MAY |= {"employment_type": "用工类型"}


def text(name):
    return pl.col(name).str.strip_chars(_BLANKS)


def identity():
    number = text("证件号码").str.to_uppercase()
    total = pl.sum_horizontal(
        number.str.slice(place, 1).cast(pl.Int32, strict=False) * weight for place, weight in enumerate(_WEIGHTS)
    )
    last = pl.coalesce(number.str.slice(17, 1).cast(pl.Int32, strict=False), 10)
    fits = number.str.contains("^[1-9][0-9]{16}[0-9X]$") & ((total + last) % 11 == 1)
    return pl.when(fits).then(number)


def mobile():
    bare = pl.col("手机").str.replace_all(_GROUPING, "")
    mainland = bare.str.extract(r"^(?:\+86|0086|86)?(1[3-9][0-9]{9})$", 1)
    foreign = bare.str.contains(r"^\+[1-9][0-9]{6,14}$") & ~bare.str.starts_with("+86")
    return pl.when(mainland.is_not_null()).then(pl.lit("+86") + mainland).when(foreign).then(bare)


def email():
    low = pl.col("工作邮箱").str.to_lowercase()
    return pl.when(low.str.contains(_EMAIL) & (low.str.len_bytes() <= 254)).then(low)


def day(name):
    return pl.col(name).str.replace_all(r"[/.]", "-").str.to_date("%Y-%m-%d", strict=False)


def amount():
    plain = text("月薪").str.normalize("NFKC").str.strip_chars("¥$元")
    fits = plain.str.contains(r"^-?([0-9]{1,18}|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]{1,2})?$")
    return pl.when(fits).then(plain).str.replace_all(",", "", literal=True).cast(pl.Decimal(12, 2), strict=False)


def card():
    digits = pl.col("银行卡号").str.replace_all(_GROUPING, "")
    backwards = digits.str.reverse()
    figures = [backwards.str.slice(place, 1).cast(pl.Int32, strict=False).fill_null(0) for place in range(19)]
    total = pl.sum_horizontal(
        (2 * figure) // 10 + (2 * figure) % 10 if place % 2 else figure for place, figure in enumerate(figures)
    )
    return pl.when(digits.str.contains("^[0-9]{12,19}$") & (total % 10 == 0)).then(digits)


def mapped(source):
    frame = source.with_columns(identity().alias("identity")).select(
        text("工号").alias("number"),
        text("姓名").str.normalize("NFC").alias("full_name"),
        pl.col("identity").alias("identity_number"),
        pl.col("identity").str.slice(6, 8).str.to_date("%Y%m%d", strict=False).alias("birthday"),
        mobile().alias("mobile"),
        email().alias("email"),
        text("部门编码").alias("department"),
        pl.col("部门路径").str.extract("([^/]+)$", 1).alias("department_name"),
        text("岗位").alias("position"),
        pl.col("职级").str.to_uppercase().alias("grade"),
        pl.col("用工类型").replace_strict(_EMPLOYMENT, default=None).alias("employment_type"),
        pl.col("员工状态").replace_strict(_STATUS, default=None).alias("status"),
        text("直属上级工号").alias("manager_number"),
        day("入职日期").alias("hire_day"),
        day("合同终止日").alias("contract_end_day"),
        amount().alias("salary"),
        card().alias("bank_account"),
        text("成本中心").alias("cost_centre"),
        text("工作地点").alias("place"),
        pl.col("更新时间")
        .str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
        .dt.replace_time_zone("Asia/Shanghai", ambiguous="null", non_existent="null")
        .dt.convert_time_zone("UTC")
        .alias("updated_at"),
        *(pl.col(column).is_not_null().alias(f"had {name}") for name, column in _MAY.items()),
    )
    fits = pl.all_horizontal(pl.col(name).is_not_null() for name in (*_MUST, "birthday"))
    for name in _MAY:
        fits &= pl.col(name).is_not_null() | ~pl.col(f"had {name}")
    return frame.filter(fits).drop(f"had {name}" for name in _MAY)


def digests(frame):
    texts = [pl.col(name).cast(pl.String).fill_null("\x1e") for name in frame.columns if name != "updated_at"]
    moment = pl.col("updated_at").dt.epoch("us").cast(pl.String).fill_null("\x1e")
    form = pl.concat_str(*texts, moment, separator="\x1f").alias("form")
    return frame.select("number", form).select("number", plh.col("form").chash.sha2_256().alias("digest"))


def main():
    path, place = sys.argv[1:]
    planned = mapped(pl.scan_csv(path, infer_schema=False)).collect(engine="streaming")
    names = ", ".join(planned.columns)
    with psycopg.connect(place) as connection, connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        with cursor.copy(f"COPY staff ({names}) FROM STDIN (FORMAT csv)") as copy:
            for piece in planned.iter_slices(50_000):
                copy.write(piece.write_csv(include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00"))
        connection.commit()
        back = io.BytesIO()
        with cursor.copy(f"COPY (SELECT {names} FROM staff) TO STDOUT (FORMAT csv)") as copy:
            back.writelines(copy)
    back.seek(0)
    found = pl.read_csv(back, has_header=False, new_columns=planned.columns, infer_schema=False).with_columns(
        pl.col("updated_at").str.to_datetime("%Y-%m-%d %H:%M:%S%.f%#z", time_unit="us", time_zone="UTC")
    )
    both = digests(planned).join(digests(found), on="number", how="full", suffix="_found")
    alike = both.filter(pl.col("digest") == pl.col("digest_found")).height
    if alike != both.height:
        sys.exit(f"{both.height - alike} rows differ")
    sys.stdout.write(f"{alike} alike\n")


main()
