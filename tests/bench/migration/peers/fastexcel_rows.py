"""polars with calamine over one workbook: ``fastexcel_rows.py XLSX``; says its seconds for the parsing alone."""

import sys
import time

import fastexcel
import polars as pl


def main():
    started = time.perf_counter()
    frame = pl.read_excel(sys.argv[1], engine="calamine", infer_schema_length=0)
    took_s = time.perf_counter() - started
    sys.stdout.write(f"{took_s:.4f} {frame.height} rows, fastexcel {fastexcel.__version__}\n")


main()
