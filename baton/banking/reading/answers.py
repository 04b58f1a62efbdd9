"""A bank's answer about lines, in the form that its profile says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from baton.banking.profile import Answers, CmbAnswers, IcbcAnswers, IsoAnswers, RowAnswers
from baton.banking.reading.delimited import read_list
from baton.banking.reading.front_end import read_front_end
from baton.banking.reading.leniency import Leniency
from baton.banking.reading.places import LineOf
from baton.banking.reading.report import read_report
from baton.banking.refused import BankFileRefusedError
from baton.errors import Fault
from baton.model.bank_answers import BankAnswer


def read_answers(
    stream: BinaryIO, name: str, form: Answers, line_of: LineOf, leniency: Leniency
) -> Iterator[BankAnswer]:
    """Everything the file says, coarse before fine. ``stream`` must be seekable.

    `BankFileRefusedError` for what is not in this form, for words that are in no table, and for a line that is none of
    ours; callers keep all of a file or nothing.
    """
    if isinstance(form, IsoAnswers):
        return read_report(stream, name, leniency)
    if isinstance(form, CmbAnswers | IcbcAnswers):
        return read_front_end(stream, name, form.element, form.row, line_of, kinds=form.reasons)
    if isinstance(form, RowAnswers):
        return read_list(stream, name, form, line_of)
    raise BankFileRefusedError(Fault(name, "no_form", "the bank's profile knows no form of its answers, see answers"))
