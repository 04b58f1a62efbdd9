"""Who carries which employee number, where a corporation tells its members by an attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baton.sdk import Account, AccountRef, RejectedError
from connectors.oa.wecom.members import Directory, is_removed


class Carriers:
    """Finds people before members are created, for one call of the connector: everybody is read at most once.

    WeCom finds nobody by an attribute. So it is asked only when somebody would be created, who might be here already
    under a userid of their own. All that is asked when this is made, before the first write: among the writes it would
    use up the time that they have together, and in a large corporation one account a call would be made.

    What was read is kept for that call alone. The next one may come minutes later, and a member whom somebody has made
    or numbered by hand meanwhile would get a second account.
    """

    def __init__(self, directory: Directory, refs: Sequence[AccountRef]) -> None:
        self._directory = directory
        self._shown = {ref: self._look(ref) for ref in refs}
        missing = any(shown is None for shown in self._shown.values())
        self._read = self._by_number() if missing else {}

    def find(self, ref: AccountRef) -> Account | None:
        """This person's account by their id, else by the number it carries. ``ref`` is one of those asked about.

        Raises `RejectedError` where several carry the number, or where not every member can be seen.
        """
        shown = self._shown[ref]
        if isinstance(shown, RejectedError):
            raise shown
        return self._of(ref.number) if shown is None else shown

    def _look(self, ref: AccountRef) -> Account | RejectedError | None:
        try:
            return self._directory.find(ref)
        except RejectedError as error:  # about this person: the others go on
            return error

    def _of(self, number: str) -> Account | None:
        """The member who carries this number; one who has left on their own only where nobody else does."""
        if isinstance(self._read, RejectedError):
            raise self._read
        found = self._read.get(number, ())
        employed = [account for account in found if not is_removed(account)]
        if len(employed) > 1:
            raise RejectedError(
                f"{len(employed)} members of WeCom carry this employee number",
                code="number_twice",
                remedy="correct or clear the number of all but one of them in WeCom's admin console, then release the "
                "effect",
            )
        return next(iter(employed or found), None)

    def _by_number(self) -> Mapping[str, Sequence[Account]] | RejectedError:
        members = self._directory.by_department()
        if members is None:
            return RejectedError(
                "the app cannot see every member, and one whom it does not see may carry this employee number",
                code="not_visible",
                remedy="set the app's visible range (可见范围) to the whole corporation, then release the effect",
            )
        found: dict[str, list[Account]] = {}
        for account in members:
            if account.number is not None:
                found.setdefault(account.number, []).append(account)
        return found
