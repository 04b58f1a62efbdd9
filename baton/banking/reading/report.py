"""pain.002, the bank's report on what became of an order: file, batches, lines, in one stream.

All versions are read by the same code, since the places have not moved since .03; the namespace decides which schema is
asked. Whatever the bank lists is read: all lines of all batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Final

from baton.banking.reading.fields import Fields
from baton.banking.reading.iso_reasons import STATUS_REASONS
from baton.banking.reading.iso_states import GROUP_STATES, TRANSACTION_STATES
from baton.banking.reading.leniency import Leniency
from baton.banking.reading.opening import opened
from baton.banking.reading.reasons import reason
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_elements import Element, Found, Reading
from baton.banking.xml_stream import XmlFile
from baton.errors import Fault
from baton.model.bank_answers import AnswerLevel, BankAnswer, BankState, Reason

_HEADER: Final = "GrpHdr"
_FILE: Final = "OrgnlGrpInfAndSts"
_BATCH: Final = "OrgnlPmtInfAndSts"
_LINE: Final = "TxInfAndSts"
_OF_FILE: Final = AnswerLevel.FILE  # looked up once: an enumeration's member by its name costs as much as a call
_OF_BATCH: Final = AnswerLevel.BATCH
_OF_LINE: Final = AnswerLevel.LINE
_IN_FILE: Final = ("OrgnlMsgId", "GrpSts")
_IN_BATCH: Final = ("OrgnlPmtInfId", "PmtInfSts")
_IN_LINE: Final = ("TxSts", "OrgnlEndToEndId", "OrgnlInstrId")
_WHY: Final = "StsRsnInf"
ABSENT: Final = "NOTPROVIDED"
"""What ISO 20022 writes into a mandatory reference that nobody has given."""


def read_report(stream: BinaryIO, name: str, leniency: Leniency) -> Iterator[BankAnswer]:
    """The answers of a report, coarse before fine: the file's, then each batch's before its lines'.

    ``stream`` must be seekable and is read twice. The whole file has been seen, and compared with its schema, before
    the first answer comes. `BankFileRefusedError` for a hostile or broken file, or a state that no code set has.
    """
    file = XmlFile(stream, name)
    survey = opened(file, (_HEADER, _FILE, _BATCH, _LINE), ("pain.002",), leniency)
    if not survey.counts[_FILE]:
        raise BankFileRefusedError(Fault(name, "nothing", "does not say which order it is about"))
    reading = Reading(file, survey, (_BATCH,))
    return _Report(Fields(reading, leniency)).answers(reading)


@dataclass(slots=True)
class _Report:
    """What has been read so far of what the next lines inherit."""

    fields: Fields
    reported: datetime | None = None
    message_id: str = ""
    file_state: tuple[BankState, str] | None = None
    batch_state: tuple[BankState, str] | None = None
    batch_id: str = ""
    announced: Element | None = None
    """The batch that is being read, once it has been told."""
    in_file: tuple[str, ...] = field(init=False)
    in_batch: tuple[str, ...] = field(init=False)
    line_state: str = field(init=False)
    line_names: tuple[str, ...] = field(init=False)
    why: str = field(init=False)
    """Full names, looked up once: to do it for every line is a twentieth of the time."""

    def __post_init__(self) -> None:
        self.in_file, self.in_batch = self.fields.tags(_IN_FILE), self.fields.tags(_IN_BATCH)
        self.line_state, *names = self.fields.tags(_IN_LINE)
        self.line_names = tuple(names)
        self.why = self.fields.tag(_WHY)

    def answers(self, found: Iterable[Found]) -> Iterator[BankAnswer]:
        """The answers, each as soon as what it says is complete."""
        batch_tag = self.fields.tag(_BATCH)
        for what, element, around in found:
            if what == _LINE:
                parent = around[-1]
                if parent is not self.announced and parent.tag == batch_tag and (answer := self._batch(parent)):
                    yield answer
                if answer := self._line(element):
                    yield answer
            elif what == _BATCH:
                if element is not self.announced and (answer := self._batch(element)):
                    yield answer
                self.announced, self.batch_state, self.batch_id = None, None, ""
            elif what == _FILE:
                if answer := self._file(element):
                    yield answer
            else:
                self.reported = self.fields.moment(element, "CreDtTm")

    def _file(self, element: Element) -> BankAnswer | None:
        self.fields.require_single(element, _IN_FILE)
        id_tag, state_tag = self.in_file
        named = element.findtext(id_tag, "").strip()
        self.message_id = "" if named.upper() == ABSENT else named
        self.file_state = self._state(element, state_tag, GROUP_STATES)
        if self.file_state is None:
            return None
        count, total = self.fields.text(element, "OrgnlNbOfTxs"), self.fields.text(element, "OrgnlCtrlSum")
        return self._answer(_OF_FILE, element, self.file_state)._replace(told_count=count, told_sum=total)

    def _batch(self, element: Element) -> BankAnswer | None:
        self.fields.require_single(element, _IN_BATCH)
        id_tag, state_tag = self.in_batch
        self.announced = element
        named = element.findtext(id_tag, "").strip()
        self.batch_id = "" if named.upper() == ABSENT else named
        self.batch_state = self._state(element, state_tag, GROUP_STATES)
        return None if self.batch_state is None else self._answer(_OF_BATCH, element, self.batch_state)

    def _line(self, element: Element) -> BankAnswer | None:
        self.fields.require_single(element, _IN_LINE)
        state = self._state(element, self.line_state, TRANSACTION_STATES) or self._inherited()
        if state is None:
            self.fields.note(element, "no_state", "has no state, and neither has its batch or file")
            return None
        for tag in self.line_names:
            reference = element.findtext(tag, "").strip()
            if reference and reference.upper() != ABSENT:
                break
        else:
            self.fields.note(element, "no_reference", "names no line: neither EndToEndId nor InstrId")
            return None
        amount = self.fields.one(element, "OrgnlTxRef/Amt/InstdAmt")
        minor, currency = (None, "") if amount is None else self.fields.money(amount)
        return self._answer(_OF_LINE, element, state, reference, minor, currency)

    def _inherited(self) -> tuple[BankState, str] | None:
        """The state of a listed line that has none of its own."""
        for state in (self.batch_state, self.file_state):
            if state is not None and state[0] is not BankState.PARTIAL:
                return state
        return None

    def _state(self, element: Element, tag: str, states: Mapping[str, BankState]) -> tuple[BankState, str] | None:
        word = element.findtext(tag, "").strip()
        if not word:
            return None
        state = states.get(word)
        if state is None:
            name = tag.rpartition("}")[2]
            raise self.fields.refused(element, "state_unmapped", f"has a {name} that no code set of ISO 20022 has")
        return state, word

    def _answer(
        self,
        level: AnswerLevel,
        element: Element,
        state: tuple[BankState, str],
        reference: str = "",
        minor: int | None = None,
        currency: str = "",
    ) -> BankAnswer:
        reasons = self._reasons(element)
        # By position: naming ten fields of each line takes longer than filling them.
        return BankAnswer(
            level,
            state[0],
            state[1],
            self.message_id,
            self.batch_id,
            reference,
            reasons,
            minor,
            currency,
            self.reported,
        )

    def _reasons(self, element: Element) -> tuple[Reason, ...]:
        found = element.findall(self.why)
        if len(found) == 1:
            return (reason(self.fields, found[0], STATUS_REASONS),)
        return tuple([reason(self.fields, each, STATUS_REASONS) for each in found]) if found else ()
