"""Personal links: one person, one case, one role, for some days, until somebody ends it.

A token is 16 random bytes that name the row, and 32 bytes of HMAC-SHA-256 over everything the row says about who is let
in where and until when. Whoever reads the database learns the name and cannot make the rest; whoever can also write
there cannot turn a link into another person's, another case's, another role's or a longer one.

The key is derived (HKDF-SHA-256, with a label of its own) from the keyring's digest key, for three reasons: it is not
in the database; unlike the encryption keys it does not rotate, so a rotation ends nobody's link; and whoever has the
keyring reads every checklist anyway, so a link gives away nothing more. The key that signs the audit log is not used:
it is to be replaced at will, and it vouches for what was said, never for who may come in.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from baton.errors import ApprovalError, ConfigurationError, Fault
from baton.hub.core import Hub
from baton.hub.offboarding.casework import find_case, locked
from baton.hub.offboarding.people import employed
from baton.hub.offboarding.policies import policy_of
from baton.hub.offboarding.standing import require_standing, standing
from baton.model.case import Case, Cause, Role
from baton.store.instants import to_micros
from baton.store.personal import Keyring
from baton.store.personal_links import PersonalLink

PLACE: Final = "handover"
"""The path below the hub's address under which link pages are served."""
ALERTS: Final = "alerts"
"""The page of a case's alerts, below the link itself."""
LONGEST_NAME: Final = 100
_ID_BYTES: Final = 16
_MAC_BYTES: Final = 32
_TOKEN_CHARACTERS: Final = 64
"""48 bytes in base64 for addresses, which need no padding."""
_NOTED_EVERY: Final = timedelta(minutes=1)
"""Reading a page must not wait for whoever writes: one use a minute is noted, the others add nothing."""


class LinkRefusedError(ApprovalError):
    """Forged, altered, foreign, expired or revoked: the answer is the same, so that it teaches nothing."""

    code = "link"

    def __init__(self) -> None:
        super().__init__("this link is not valid (any more)", remedy="ask HR for a new one")


@dataclass(frozen=True, slots=True)
class Offer:
    """A link to be made: for whom, into which case, as what."""

    case_id: str
    person: str
    role: Role
    by: str


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whom a token lets in, and where."""

    link: PersonalLink
    case: Case


def make_link(hub: Hub, offer: Offer) -> str:
    """A new link's whole address. Raises `ApprovalError` where that person cannot have that role in this case."""
    return _address(require_address(hub), make_token(hub, offer))


def require_address(hub: Hub) -> str:
    """What personal links begin with; `ConfigurationError` (``no_address``) where nobody has said it."""
    base = hub.settings.offboarding.address
    if base is None:
        message = "personal links need the address under which people reach the hub: set offboarding.address"
        raise ConfigurationError([Fault(str(hub.settings.file), "no_address", message)])
    return base


def make_token(hub: Hub, offer: Offer) -> str:
    """A new link's token alone, for whoever knows the address."""
    found = find_case(hub, offer.case_id)
    with hub.database.write() as connection:
        return _made(hub, connection, locked(hub, connection, found.id), offer)


def link_within(hub: Hub, connection: sa.Connection, case: Case, offer: Offer) -> str:
    """A new link's whole address, made in the caller's transaction; empty where the hub has no address."""
    base = hub.settings.offboarding.address
    return "" if base is None else _address(base, _made(hub, connection, case, offer))


def _address(base: str, token: str) -> str:
    return f"{base.rstrip('/')}/{PLACE}/{token}"


def _made(hub: Hub, connection: sa.Connection, case: Case, offer: Offer) -> str:
    _require_fit(hub, connection, case, offer)
    now = hub.clock.now()
    link = PersonalLink(
        id=hub.chance.randbytes(_ID_BYTES).hex(),
        case_id=case.id,
        person=offer.person,
        role=offer.role,
        made_by=offer.by,
        made_at=now,
        expires_at=now + timedelta(days=policy_of(hub, case).link_days),
    )
    hub.personal_links.insert(connection, link)
    return base64.urlsafe_b64encode(bytes.fromhex(link.id) + _mac(hub.keyring, link)).decode()


def _require_fit(hub: Hub, connection: sa.Connection, case: Case, offer: Offer) -> None:
    if (offer.role is Role.LEAVER) != (offer.person == case.number):
        raise ApprovalError(f"{offer.person[:40]} cannot be the {offer.role} of this case", code="role")
    if not 0 < len(offer.person) <= LONGEST_NAME:
        raise ApprovalError("a link is for somebody with a name", code="role")
    if offer.role in (Role.SUCCESSOR, Role.MANAGER) and not employed(hub, connection, [offer.person]):
        raise ApprovalError(f"{offer.person[:40]} does not work here", code="successor")
    require_standing(hub, connection, case, offer.person, offer.role)
    if offer.role is Role.LEAVER and _is_out(case, hub.clock.now()):
        raise ApprovalError("the last working moment is over: the leaver is let in nowhere any more", code="leaver")


def admit(hub: Hub, token: str, case_id: str = "") -> Admitted:
    """Whom this token lets in. Raises `LinkRefusedError`, always the same one, for whatever is wrong with it.

    ``case_id``, where it is given, is the case that is asked for: a link opens no other.
    """
    link_id, mac = _parts(token)
    now = hub.clock.now()
    with hub.database.read() as connection:
        link = hub.personal_links.get(connection, link_id)
        known = link if link is not None else _nobody(link_id, now)
        fits = hmac.compare_digest(_mac(hub.keyring, known), mac)
        if link is None or not fits:
            raise LinkRefusedError
        case = hub.cases.get(connection, link.case_id)
        if (
            case is None
            or link.revoked_at is not None
            or link.expires_at <= now
            or case_id not in ("", case.id)
            or not _may_still(hub, connection, case, link, now)
        ):
            raise LinkRefusedError
    if link.used_at is None or now - link.used_at >= _NOTED_EVERY:
        with hub.database.write() as connection:
            hub.personal_links.note_use(connection, link, now)
    return Admitted(link, case)


def _may_still(hub: Hub, connection: sa.Connection, case: Case, link: PersonalLink, now: datetime) -> bool:
    """A link does not outlive what its holder is here: no one is let in who has been let go, or is it no more."""
    if link.role is Role.LEAVER and _is_out(case, now):
        return False
    return link.role in standing(hub, connection, case, link.person)


def login_lets_in(hub: Hub, connection: sa.Connection, case: Case) -> bool:
    """Whether the login of who leaves opens their own case: up to the last working moment, as their link does.

    Of a case that is no resignation they may not know yet: they are let in once a link was made for them, which says
    that they do, and that nobody has ended.
    """
    if _is_out(case, hub.clock.now()):
        return False
    if case.cause is Cause.RESIGNATION:
        return True
    made = hub.personal_links.of_case(connection, case.id)
    return any(link.role is Role.LEAVER and link.revoked_at is None for link in made)


def _is_out(case: Case, now: datetime) -> bool:
    last = case.dates.last_working_at
    return last is not None and last <= now


def revoke(hub: Hub, case_id: str, by: str, *, person: str = "", link_id: str = "") -> int:
    """End the links into a case now: all of them, one person's, or one; how many had not ended already."""
    case = find_case(hub, case_id)
    with hub.database.write() as connection:
        links = [
            link
            for link in hub.personal_links.of_case(connection, case.id)
            if person in ("", link.person) and link_id in ("", link.id)
        ]
        return hub.personal_links.revoke(connection, links, by, hub.clock.now())


def links_of(hub: Hub, case_id: str) -> list[PersonalLink]:
    """Every link into a case. None of them can be made into an address again: only its holder has that."""
    case = find_case(hub, case_id)
    with hub.database.read() as connection:
        return hub.personal_links.of_case(connection, case.id)


def _parts(token: str) -> tuple[str, bytes]:
    """The name of the row and the MAC; of what is no token, such as fit nothing."""
    try:
        data = base64.urlsafe_b64decode(token.encode("ascii")) if len(token) == _TOKEN_CHARACTERS else b""
    except (binascii.Error, UnicodeEncodeError):
        data = b""
    if base64.urlsafe_b64encode(data).decode() != token or len(data) != _ID_BYTES + _MAC_BYTES:
        data = bytes(_ID_BYTES + _MAC_BYTES)
    return data[:_ID_BYTES].hex(), data[_ID_BYTES:]


def _nobody(link_id: str, now: datetime) -> PersonalLink:
    """Stands in for a row there is not, so that the answer takes as long."""
    return PersonalLink(link_id, "", "", Role.LEAVER, "", now, now)


def _mac(keyring: Keyring, link: PersonalLink) -> bytes:
    key = HKDF(algorithm=SHA256(), length=_MAC_BYTES, salt=None, info=b"baton personal link v1").derive(
        keyring.digest_key
    )
    said = [link.id, link.case_id, link.person, link.role.value, to_micros(link.expires_at)]
    return hmac.digest(key, orjson.dumps(said), "sha256")
