"""The pages of a certificate, for people. The same document always gives the same bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from baton.jobs.offboarding.certificate.manifest import Document, ItemPart, StatementPart
from baton.jobs.offboarding.certificate.sheet import BLUE, GREY, INK, LINE, MARGIN_MM, PALE, Sheet
from baton.jobs.offboarding.certificate.words import Words
from baton.jobs.offboarding.checklist import WATCHED
from baton.model.case import Act, ItemState

ATTACHMENT: Final = "manifest.json"
OUTCOMES: Final = ("passed_on", "ended", "confirmed", "left", "gone", "not_asked", "open")
_DECIDING: Final = (Act.ACCEPT, Act.APPROVE, Act.LEAVE, Act.CONFIRM)
_COLUMNS_MM: Final = (11.0, 25.0, 58.0, 34.0, 46.0)
_LINE_MM: Final = 4.1
_SMALL_MM: Final = 3.5
_WHOLE_MM: Final = 80.0
"""A reason up to this height stands on one page."""


def pages(document: Document, manifest: bytes) -> bytes:
    """The PDF with the manifest attached as it is."""
    return _Pages(document).drawn(manifest)


def outcome(item: ItemPart) -> str:
    """What became of an item, as one of `OUTCOMES`."""
    if item.not_asked:
        return "not_asked"
    if item.state is not ItemState.DONE:
        return item.state.value if item.state.closed else "open"
    if item.code == Act.CONFIRM.value:
        return "confirmed"
    return "ended" if item.kind in WATCHED else "passed_on"


class _Pages:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.words = Words(document.pages.language)
        self.for_good = frozenset(document.summary.irreversible)
        self.decided = _deciding(document)
        self.sheet = Sheet(
            datetime.fromisoformat(document.issued_at),
            self.words("title"),
            document.pages.language,
            self.words.all + document.model_dump_json(),
        )
        self.sheet.foot_left = f"{document.case.id} / {document.hub.name}"
        self.sheet.foot_right = self.words("page", page="{page}", pages="{pages}")

    def drawn(self, manifest: bytes) -> bytes:
        self.sheet.add_page()
        self._heading()
        self._facts()
        self._tiles()
        self._kinds()
        self._proof()
        self._items()
        self._reasons(Act.LEAVE, self.document.summary.left)
        self._reasons(Act.CONFIRM, [item.item for item in self.document.items if outcome(item) == "confirmed"])
        self.sheet.embed_file(bytes=manifest, basename=ATTACHMENT, mime_type="application/json")
        return self.sheet.drawn()

    def _heading(self) -> None:
        sheet, document = self.sheet, self.document
        sheet.set_fill_color(*BLUE)
        sheet.rect(0, 0, sheet.w, 5, style="F")
        sheet.set_xy(MARGIN_MM, 16)
        sheet.ink(8.5, GREY)
        sheet.paragraph(document.hub.name, sheet.epw, 5, 1)
        sheet.ink(23, BLUE)
        sheet.set_xy(MARGIN_MM, 22)
        sheet.paragraph(self.words("title"), sheet.epw, 12)
        sheet.set_xy(MARGIN_MM, sheet.get_y() + 2)
        sheet.ink(10.5)
        case = document.case
        text = self.words(
            "certifies", name=case.name or case.number, number=case.number, items=len(document.items),
            date=_moment(case.completed_at),
        )  # fmt: skip
        if count := sum(item.not_asked for item in document.items):
            text += self.words("but_for", count=count)
        sheet.paragraph(text, sheet.epw, 6)
        sheet.set_y(sheet.get_y() + 4)

    def _facts(self) -> None:
        case = self.document.case
        facts = [
            ("leaver", case.name), ("number", case.number),
            ("department", case.department), ("manager", case.manager),
            ("case", case.id), ("cause", self.words(case.cause)),
            ("opened", f"{_moment(case.opened_at)} / {case.opened_by}"),
            ("last_working", _moment(case.last_working_at)),
            ("contract_end", _moment(case.contract_end_at)), ("pay_end", _moment(case.pay_end_at)),
            ("completed", f"{_moment(case.completed_at)} / {self.document.completed_by}"),
            ("protected", _moment(case.protected_until)),
        ]  # fmt: skip
        half = self.sheet.epw / 2
        for place in range(0, len(facts), 2):
            self.sheet.rule()
            top = self.sheet.get_y() + 1
            for column, (word, value) in enumerate(facts[place : place + 2]):
                self._fact(word, value, MARGIN_MM + column * half, top, half)
            self.sheet.set_y(top + 10)
        self.sheet.rule()

    def _fact(self, word: str, value: str, left_mm: float, top_mm: float, width_mm: float) -> None:
        sheet = self.sheet
        sheet.set_xy(left_mm, top_mm)
        sheet.ink(7.5, GREY)
        sheet.cell(width_mm, 4, self.words(word))
        sheet.set_xy(left_mm, top_mm + 4)
        sheet.ink(9.5)
        sheet.paragraph(value or "—", width_mm - 3, 4.6, 1)

    def _tiles(self) -> None:
        sheet = self.sheet
        found = Counter(outcome(item) for item in self.document.items)
        tiles = [("all", len(self.document.items)), *((name, found[name]) for name in OUTCOMES if name != "open")]
        gap = 2.5
        width = (sheet.epw - gap * (len(tiles) - 1)) / len(tiles)
        top = sheet.get_y() + 6
        for place, (name, count) in enumerate(tiles):
            left = MARGIN_MM + place * (width + gap)
            sheet.set_fill_color(*PALE)
            sheet.rect(left, top, width, 19, style="F", round_corners=True, corner_radius=1.5)
            sheet.set_xy(left, top + 2)
            sheet.ink(15, BLUE)
            sheet.cell(width, 8, f"{count:,}", align="C")
            sheet.ink(6.8, GREY)
            for line, text in enumerate(sheet.wrapped(self.words(name), width - 3, 2)):
                sheet.set_xy(left, top + 10.5 + line * 3.4)
                sheet.cell(width, 3.4, text, align="C")
        sheet.set_y(top + 24)

    def _kinds(self) -> None:
        sheet = self.sheet
        self._section("outcome")
        counted: dict[str, Counter[str]] = {}
        for item in self.document.items:
            counted.setdefault(item.content.kind, Counter())[outcome(item)] += 1
        shown = [name for name in OUTCOMES if any(counts[name] for counts in counted.values())]
        widths = [38.0, *[(sheet.epw - 38.0) / (len(shown) + 1)] * (len(shown) + 1)]
        headings = [self.words("kind"), *map(self.words, shown), self.words("sum")]
        sheet.ink(7.2, GREY)
        sheet.row(headings, widths, 5, 1)
        for kind, counts in counted.items():
            sheet.rule()
            if sheet.room_mm < 6:
                sheet.add_page()
                sheet.ink(7.2, GREY)
                sheet.row(headings, widths, 5, 1)
                sheet.rule()
            sheet.ink(9)
            figures = [f"{counts[name]:,}" if counts[name] else "–" for name in shown]
            sheet.row([self.words.kind(kind), *figures, f"{counts.total():,}"], widths, 6, 1)
        sheet.rule()
        sheet.set_y(sheet.get_y() + 5)

    def _proof(self) -> None:
        sheet, document = self.sheet, self.document
        self._need(46)
        self._section("proof")
        lines = [
            ("signed_by", f"{document.hub.name} / {document.hub.key_id}"),
            ("audit_log", f"{self.words('entries', entries=f'{document.audit.entries:,}')} {document.audit.root}"),
            ("statements", self.words("signatures", count=f"{len(document.statements):,}")),
            ("issued", f"{_moment(document.issued_at)} / {document.issued_by}"),
        ]
        for word, value in lines:
            sheet.ink(7.5, GREY)
            sheet.set_x(MARGIN_MM)
            sheet.cell(28, 5, self.words(word))
            sheet.ink(8)
            sheet.paragraph(value, sheet.epw - 28, 5)
        sheet.set_xy(MARGIN_MM, sheet.get_y() + 2)
        sheet.ink(8, GREY)
        sheet.paragraph(self.words("how", file=ATTACHMENT), sheet.epw, 4.4)

    def _items(self) -> None:
        self.sheet.add_page()
        self._section("items")
        self._columns()
        for item in self.document.items:
            self._item(item)
        self.sheet.rule()

    def _columns(self) -> None:
        self.sheet.set_fill_color(*PALE)
        self.sheet.rect(MARGIN_MM, self.sheet.get_y(), self.sheet.epw, 6, style="F")
        self.sheet.ink(7.5, GREY)
        headings = [self.words(word) for word in ("item", "kind", "what", "result", "who")]
        self.sheet.row(headings, _COLUMNS_MM, 6)

    def _item(self, item: ItemPart) -> None:
        sheet = self.sheet
        cells = [list(cell) for cell in self._cells(item)]
        height = max(sum(_LINE_MM if big else _SMALL_MM for big, _ in cell) for cell in cells) + 2
        if sheet.room_mm < height:
            sheet.rule()
            sheet.add_page()
            self._columns()
        sheet.rule()
        top, left = sheet.get_y() + 1, MARGIN_MM
        for cell, width in zip(cells, _COLUMNS_MM, strict=True):
            y = top
            for big, text in cell:
                sheet.set_xy(left, y)
                sheet.ink(*((8.2, INK) if big else (6.4, GREY)))
                sheet.cell(width, _LINE_MM if big else _SMALL_MM, text)
                y += _LINE_MM if big else _SMALL_MM
            left += width
        sheet.set_y(top + height - 1)

    def _cells(self, item: ItemPart) -> Iterator[Iterator[tuple[bool, str]]]:
        """Column by column the lines, each with whether it is a big one."""
        system = item.system or self.words("no_system")
        version = self.words("version", version=item.version)
        yield self._lines(0, str(item.item), [])
        yield self._lines(1, self.words.kind(item.content.kind), [system])
        yield self._lines(2, item.content.title, [item.content.id, f"{version} / {item.digest[:16]}"])
        yield self._lines(3, self.words(outcome(item)), self._evidence(item))
        said = self.decided.get((item.item, item.version), [])
        yield self._lines(4, self._person(said[0].person) if said else "—", [self._did(each) for each in said])

    def _evidence(self, item: ItemPart) -> list[str]:
        if item.not_asked:
            return [self.words("taken_out")]
        proof = item.read_back
        if proof is None:
            return []
        lines = [self.words("now_with", holder=proof.holder)] if proof.holder else []
        lines += [f"{proof.code} / {proof.effect[:12]}" if proof.effect else proof.code]
        return lines + ([self.words("for_good")] if item.item in self.for_good else [])

    def _did(self, said: StatementPart) -> str:
        """Who said what when, in one small line."""
        return f"{self.words(f'did_{said.act.value}')} {self._person(said.person)} {said.at[:10]}"

    def _person(self, number: str) -> str:
        name = self.document.people.get(number, "")
        return f"{name} ({number})" if name else number

    def _lines(self, column: int, big: str, small: Sequence[str]) -> Iterator[tuple[bool, str]]:
        width = _COLUMNS_MM[column] - 2
        self.sheet.ink(8.2)
        yield from ((True, line) for line in self.sheet.wrapped(big, width, 4))
        self.sheet.ink(6.4)
        for text in small:
            yield from ((False, line) for line in self.sheet.wrapped(text, width, 3))

    def _reasons(self, act: Act, items: Sequence[int]) -> None:
        """Why something was decided to stay, or what shows that it was done by hand, in the words of who said so."""
        said = [each for each in self.document.statements if each.act is act and each.item in items]
        if not said:
            return
        sheet = self.sheet
        self._need(24)
        sheet.set_y(sheet.get_y() + 6)
        self._section(act.value)
        titles = {item.item: item.content.title for item in self.document.items}
        for each in said:
            sheet.ink(8.2)
            text = (
                f"{each.item}  {titles[each.item or 0]}: {each.text} ({self._person(each.person)}, {_moment(each.at)})"
            )
            lines = sheet.wrapped(text, sheet.epw)
            self._need(min(4.6 * len(lines), _WHOLE_MM))
            for line in lines:  # what is longer than a page goes on with the next
                self._need(4.6)
                sheet.ink(8.2)
                sheet.set_x(MARGIN_MM)
                sheet.cell(sheet.epw, 4.6, line)
                sheet.set_y(sheet.get_y() + 4.6)

    def _section(self, word: str) -> None:
        sheet = self.sheet
        sheet.set_x(MARGIN_MM)
        sheet.ink(11.5, BLUE)
        sheet.paragraph(self.words(word), sheet.epw, 7)
        sheet.set_draw_color(*LINE)
        sheet.set_y(sheet.get_y() + 1)

    def _need(self, height_mm: float) -> None:
        if self.sheet.room_mm < height_mm:
            self.sheet.add_page()


def _deciding(document: Document) -> Mapping[tuple[int, int], Sequence[StatementPart]]:
    """(item, version) -> what decided how it ended: acceptance and approval, or the one statement that closed it."""
    found: dict[tuple[int, int], list[StatementPart]] = {}
    for said in document.statements:
        if said.item is not None and said.act in _DECIDING:
            key = (said.item, said.version)
            found[key] = [*found.get(key, []), said] if said.act is Act.APPROVE else [said]
    return found


def _moment(text: str) -> str:
    """An instant to the minute; a dash for none."""
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC" if text else "—"
