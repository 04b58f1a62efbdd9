"""datacompy on polars over two Parquet files: ``datacompy_check.py EXPECTED FOUND``; says how many rows differ."""

import sys

import polars as pl
from datacompy import PolarsCompare


def main():
    expected, found = (pl.read_parquet(path) for path in sys.argv[1:])
    compared = PolarsCompare(expected, found, join_columns="number", df1_name="expected", df2_name="found")
    compared.report()
    differing = compared.all_mismatch().height
    sys.stdout.write(f"{differing + compared.df1_unq_rows.height + compared.df2_unq_rows.height} differ\n")


main()
