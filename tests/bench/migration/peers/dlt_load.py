"""dlt with a Python mapping function into PostgreSQL, nothing proved: ``dlt_load.py CSV DATABASE_URL``.

As dlt's own advice has it: rows are handed over in lists, the columns are declared, files are CSV for COPY.
"""

import csv
import itertools
import sys
from pathlib import Path

import dlt
from rules import Unfit, employee

LIST_ROWS = 10_000
_TEXT = {"data_type": "text"}
_DATE = {"data_type": "date"}
COLUMNS = {
    "number": _TEXT,
    "full_name": _TEXT,
    "identity_number": _TEXT,
    "birthday": _DATE,
    "mobile": _TEXT,
    "email": _TEXT,
    "department": _TEXT,
    "department_name": _TEXT,
    "position": _TEXT,
    "grade": _TEXT,
    "employment_type": _TEXT,
    "status": _TEXT,
    "manager_number": _TEXT,
    "hire_day": _DATE,
    "contract_end_day": _DATE,
    "salary": {"data_type": "decimal", "precision": 12, "scale": 2},
    "bank_account": _TEXT,
    "cost_centre": _TEXT,
    "place": _TEXT,
    "updated_at": {"data_type": "timestamp", "timezone": True},
}


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        mapped = fitting(csv.DictReader(file))
        while listed := list(itertools.islice(mapped, LIST_ROWS)):
            yield listed


def fitting(source):
    for row in source:
        try:
            yield employee(row)
        except Unfit:
            continue


def main():
    path, url = sys.argv[1:]
    resource = dlt.resource(rows(path), name="staff", columns=COLUMNS, write_disposition="append")
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(Path.cwd() / "dlt"),
        destination=dlt.destinations.postgres(url),
        dataset_name="by_dlt",
    )
    pipeline.run(resource, loader_file_format="csv").raise_on_failed_jobs()


main()
