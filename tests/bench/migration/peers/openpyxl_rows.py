"""openpyxl in read-only mode over one workbook: ``openpyxl_rows.py XLSX``; says how many rows and cells it found."""

import sys

from openpyxl import load_workbook


def main():
    rows = cells = 0
    workbook = load_workbook(sys.argv[1], read_only=True)
    for row in workbook.worksheets[0].iter_rows(min_row=2, values_only=True):
        rows += 1
        cells += sum(value is not None for value in row)
    workbook.close()
    sys.stdout.write(f"{rows} rows, {cells} cells\n")


main()
