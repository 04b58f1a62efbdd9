"""Who stands before a case, as what, and what of it they see. Every page and every call of the API starts here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from baton.errors import ApprovalError, BatonError
from baton.hub import Hub
from baton.hub.offboarding import links
from baton.hub.offboarding.standing import standing
from baton.jobs.offboarding.steps import MAY, after
from baton.model.case import Act, Case, Item, Role

DECISIONS = (Act.ACCEPT, Act.REFUSE, Act.APPROVE, Act.NAME, Act.CONFIRM, Act.LEAVE)
"""What is decided about items, in the order in which it is offered."""
ON_ITEMS = (*DECISIONS, Act.ASK, Act.ANSWER, Act.NOTE)
"""What is said about items."""
ON_CASES = (Act.PAUSE, Act.REOPEN, Act.RETRACT, Act.COMPLETE)
"""What is said about a case as a whole."""
_SOME_REASON = "-"
_ORDER = (Role.LEAVER, Role.HR, Role.MANAGER, Role.SUCCESSOR)


class NoEntryError(BatonError):
    """Not for this person, or not there: nobody learns which."""

    code = "no_entry"


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person in one case."""

    hub: Hub = field(repr=False)
    case: Case
    person: str
    roles: tuple[Role, ...]
    """As what they may speak, the one they are here for first."""
    base: str = field(repr=False)
    """The path of the case's pages, without a slash at its end. A link's holds its token."""
    root: str = ""
    """The path under which the application is mounted, without a slash at its end."""
    home: str = ""
    """The path of the list of cases; empty for a link, which opens one."""

    @property
    def only_own(self) -> bool:
        """True for who sees nothing but the items that name them."""
        return self.roles == (Role.SUCCESSOR,)

    @property
    def successor(self) -> str:
        """For the store: whose items to read; empty for all."""
        return self.person if self.only_own else ""

    def sees(self, item: Item) -> bool:
        """Whether an item is for these eyes."""
        return not self.only_own or item.successor == self.person

    def role_for(self, act: Act) -> Role:
        """As what they would say this: a role that may, else the first (and the core refuses it)."""
        return next((role for role in self.roles if role in MAY.get(act, ())), self.roles[0])

    def may_attach(self, item: Item) -> bool:
        """Whether they may put a file to an item."""
        return self._may(item, Act.ATTACH)

    def acts_on(self, item: Item) -> list[Act]:
        """What they may say about an item as it is now. The core is asked, nothing is decided here."""
        return [act for act in ON_ITEMS if self._may(item, act)]

    def _may(self, item: Item, act: Act) -> bool:
        try:
            after(self.case, item, item.version, act, self.person, self.role_for(act), _SOME_REASON)
        except ApprovalError:
            return False
        return True

    @property
    def decides(self) -> bool:
        """Whether the case as a whole is theirs to pause, retract, reopen and complete."""
        return Role.HR in self.roles

    @property
    def oversees(self) -> bool:
        """Whether they see the case as a whole, and what was found out about it: HR and the manager."""
        return self.decides or Role.MANAGER in self.roles

    def again(self) -> Visitor:
        """The same person, with the case as it is by now."""
        with self.hub.database.read() as connection:
            case = self.hub.cases.get(connection, self.case.id)
        return self if case is None else replace(self, case=case)


def by_link(hub: Hub, token: str, root: str, case_id: str = "") -> Visitor:
    """Whoever holds this link; `links.LinkRefusedError` for every link that opens nothing (here)."""
    admitted = links.admit(hub, token, case_id)
    link = admitted.link
    return Visitor(hub, admitted.case, link.person, (link.role,), base=f"{root}/{token}", root=root)


def by_login(hub: Hub, case_id: str, person: str, *, decides: bool, root: str) -> Visitor:
    """Whoever has logged in: HR where they may decide, and what the case says of a login that is an employee number.

    Raises `NoEntryError` for everybody else. A leaver is nothing but a leaver in their own case, whatever they decide
    elsewhere, and nobody in one that they are not told of or once their last working moment is over. Who may decide in
    the console is HR only where the hub says so too.
    """
    with hub.database.read() as connection:
        case = hub.cases.get(connection, case_id)
        if case is None:
            raise NoEntryError("there is no such case, or it is not for you")
        held = standing(hub, connection, case, person)
        if Role.LEAVER in held and not links.login_lets_in(hub, connection, case):
            held -= {Role.LEAVER}
        if Role.SUCCESSOR in held and not hub.checklists.outline(connection, case.id, person):
            held -= {Role.SUCCESSOR}
    roles = tuple(role for role in _ORDER if role in held and (decides or role is not Role.HR))
    if not roles:
        raise NoEntryError("there is no such case, or it is not for you")
    return Visitor(hub, case, person, roles, base=f"{root}/cases/{case.id}", root=root, home=f"{root}/cases")
