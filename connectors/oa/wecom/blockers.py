"""What would keep a WeCom member's customers and groups from being passed on, as far as WeCom can be asked.

Most of what WeCom refuses it tells only when it is tried: a customer's own no, a successor's limit. What it tells of
nobody at all, administrators above all, is `BY_HAND`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from baton.sdk import AccountRef, Blocker, HoldingKind, HoldingRef
from connectors.oa.wecom.customers import Customers
from connectors.oa.wecom.handovers import By
from connectors.oa.wecom.members import Directory, Presence

PROTECTED: Final = timedelta(days=90)
"""Within so many days a customer is passed on between colleagues at most twice."""
GROUPS_A_DAY: Final = 300
"""So many groups of one owner who has left can be given away in a day."""
_NAMED: Final = 100
"""So many customers are named one by one; of the others the number is told."""
BY_HAND: Final = (
    Blocker(
        "administrator",
        "whether the leaver administers the corporation (WeCom tells it to no app of one's own)",
        "admin console → my enterprise → administrators (我的企业, 权限管理): give the role to somebody else; the "
        "creator must hand the corporation over first, or the removal is refused (301005)",
    ),
    Blocker(
        "internal_groups",
        "groups without customers that the leaver owns (WeCom shows them to no app of one's own)",
        "the leaver passes them on in the WeCom app: group → group management → transfer (转让群主)",
    ),
)
"""Tasks for a person, whoever leaves."""


class Blockers:
    """Asks WeCom beforehand, with the app's secret."""

    def __init__(self, customers: Customers, directory: Directory, now: Callable[[], datetime], *, by: By) -> None:
        self._customers = customers
        self._directory = directory
        self._now = now
        self._by = by

    def of(self, person: AccountRef) -> Iterator[Blocker]:
        """What stands in the way for this member; nothing for who is none, or has left."""
        userid = self._directory.known(person)
        if userid is None:
            return
        presence = self._directory.presence(userid)
        if presence is Presence.UNSEEN:
            yield Blocker(
                "out_of_range",
                "the app may not see this member, so nothing of theirs can be passed on",
                "add the member to the app's visible range (应用管理, 可见范围)",
            )
        if presence is Presence.EMPLOYED:
            yield from self._passed_on_lately(userid)
            yield from self._groups(userid)

    def _passed_on_lately(self, userid: str) -> Iterator[Blocker]:
        """WeCom counts changes between colleagues and tells no count: one within the 90 days may be the second."""
        if self._by == "resigned":  # what goes after the holder has left is not counted
            return
        lately = list(self._customers.handed_in_since(userid, self._now() - PROTECTED))
        remedy = (
            "pass it on after the account has been removed, which is not counted, or later than 90 days after it came"
        )
        for client, at in lately[:_NAMED]:
            yield Blocker(
                "passed_on_lately",
                f"customer {client} was given to this member on {at:%Y-%m-%d}: after two changes between colleagues "
                "within 90 days WeCom refuses a third (40128)",
                remedy,
                HoldingRef(HoldingKind.CLIENT, client),
            )
        if len(lately) > _NAMED:
            more = len(lately) - _NAMED
            yield Blocker("passed_on_lately", f"{more} more customers came to this member within 90 days", remedy)

    def _groups(self, userid: str) -> Iterator[Blocker]:
        """A group outlives its owner's account, and has no owner until it is passed on."""
        count = self._customers.count_groups(userid)
        if count:
            yield Blocker(
                "group_owner",
                f"owns {count} customer groups, which have no owner once the account is removed",
                "pass them on first (they are items of the checklist)",
            )
        if count > GROUPS_A_DAY:
            yield Blocker(
                "groups_take_days",
                f"after removal at most {GROUPS_A_DAY} groups of one owner can be given away in a day",
                "pass them on while the account is there",
            )
