"""Who carries which employee number, where a corporation tells its members by an attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from baton.sdk import Account, RejectedError
from connectors.oa.wecom.members import Directory, is_removed


class Carriers:
    """Looks employee numbers up among all members, for one call of the connector: everybody is read at most once.

    WeCom finds nobody by an attribute. So it is asked only when somebody would be created, who might be here already
    under a userid of their own.
    """

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._read: Mapping[str, Sequence[Account]] | RejectedError | None = None

    def of(self, number: str) -> Account | None:
        """The member who carries this number; one who has left on their own only where nobody else does.

        Raises `RejectedError` where several carry it, or where not every member can be seen.
        """
        found = self._everybody().get(number, ())
        employed = [account for account in found if not is_removed(account)]
        if len(employed) > 1:
            raise RejectedError(
                f"{len(employed)} members of WeCom carry this employee number",
                code="number_twice",
                remedy="correct or clear the number of all but one of them in WeCom's admin console, then release the "
                "effect",
            )
        return next(iter(employed or found), None)

    def _everybody(self) -> Mapping[str, Sequence[Account]]:
        if self._read is None:
            self._read = self._by_number()
        if isinstance(self._read, RejectedError):  # as true of the next one in this call, and as dear to find out
            raise self._read
        return self._read

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
