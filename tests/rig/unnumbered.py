"""A fake target in which accounts have a number field that an administrator can empty or change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from baton.errors import HaltError
from baton.model.account import Account, AccountRef, AccountWrite, Receipt
from tests.rig.belongings import KeeperTarget
from tests.rig.truth import Truth

_EMPTY = "empty "


def renumber(truth: Truth, number: str, to: str | None = None) -> None:
    """An administrator changes the number on somebody's account, or empties the field."""
    truth.accounts[f"{_EMPTY}{number}" if to is None else to] = truth.accounts.pop(number)


class NumberedTarget(KeeperTarget):
    """Knows an account by the id that is linked, else by number, as Salesforce does.

    A linked one that carries another number by now is somebody else's, and is not shown.
    """

    def _key(self, ref: AccountRef) -> str:
        """Under which key of the truth the account of this person is; their number where there is none."""
        for key, record in self.truth.accounts.items():
            if record.external_id == ref.external_id and (key == ref.number or key.startswith(_EMPTY)):
                return key
        return ref.number

    def _shown(self, key: str) -> Account | None:
        account = self.truth.account(key)
        return replace(account, number=None) if account is not None and key.startswith(_EMPTY) else account

    def find(self, refs: Sequence[AccountRef]) -> Sequence[Account | None]:
        self.look(self, refs)
        return [self._shown(self._key(ref)) for ref in refs]

    def scan(self) -> Iterator[Account]:
        yield from filter(None, map(self._shown, sorted(self.truth.accounts)))

    def act(self, write: AccountWrite) -> Receipt:
        return super().act(replace(write, ref=replace(write.ref, number=self._key(write.ref))))


class ByNumberTarget(NumberedTarget):
    """Knows an account by its number alone, as an ERP whose query has no other key does; ``listings`` counts scans."""

    unlisted = False
    """True: cannot list its accounts."""
    listings = 0

    def _key(self, ref: AccountRef) -> str:
        return ref.number

    def scan(self) -> Iterator[Account]:
        self.listings += 1
        if self.unlisted:
            raise HaltError("not everybody is in sight", code="not_visible")
        yield from super().scan()

    def act(self, write: AccountWrite) -> Receipt:
        if f"{_EMPTY}{write.ref.number}" in self.truth.accounts:
            return Receipt.refused("not_found", "no employee has this number")
        return super().act(write)
