"""Logging people out: their sessions are deleted, the tokens of their apps revoked, and both are looked for again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

from baton.sdk import Client, HaltError, Intent, Outcome, Receipt, SessionEnd
from connectors.crm.salesforce.batch import GIVEN_AWAY
from connectors.crm.salesforce.composite import Composite, id_list, portions
from connectors.crm.salesforce.org import BATCH_LIMIT, Org, Row, long_id
from connectors.crm.salesforce.parts import after_a_write, part_by_part
from connectors.crm.salesforce.people import People
from connectors.crm.salesforce.wire import refusal

_OWN: Final = Receipt.refused(
    "own_user", "this is the user the hub itself acts as", remedy="give the integration a user of its own"
)
_LEFT: Final = Receipt.refused(
    "still_logged_in",
    "sessions or tokens are left, or there are new ones",
    remedy="freeze or deactivate the user first, then release the effect",
)
_GONE: Final = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND"})
"""A session that ended by itself, or together with the one it belonged to."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What keeps one user logged in."""

    sessions: list[str]
    tokens: list[str]
    """What the revocation endpoint takes; a secret."""

    def __repr__(self) -> str:
        return f"Presence({len(self.sessions)} sessions, {len(self.tokens)} tokens)"


class Sessions:
    """Sessions and OAuth tokens of one org."""

    def __init__(self, org: Org, composite: Composite, people: People, client: Client, login_url: str) -> None:
        self._org = org
        self._composite = composite
        self._people = people
        self._client = client
        self._revoke_url = f"{login_url}/services/oauth2/revoke"

    def end(self, ends: Sequence[SessionEnd]) -> Sequence[Receipt]:
        """One receipt per person, done once a second look finds nothing."""
        people = [end.person for end in ends]
        users = self._people.user_ids(people)
        me = long_id(self._org.acting_user()) if ends else ""
        receipts: dict[int, Receipt] = {
            place: _OWN if user else Receipt.done(proof="no_user")
            for place, user in enumerate(users)
            if user is None or user == me
        }
        present, known = self._present([user for user in users if user and user != me])
        receipts = dict.fromkeys(self._people.given_away(people, known), GIVEN_AWAY) | receipts
        open_ = {place: user for place, user in enumerate(users) if place not in receipts and user}
        receipts |= {
            place: Receipt.done(user, proof="read_before") for place, user in open_.items() if user not in present
        }
        parts = [
            ([place], partial(self._end, place, user, present[user]))
            for place, user in open_.items()
            if user in present
        ]
        ended = part_by_part(parts)
        self._look_again(ended, open_)
        receipts |= ended
        return [receipts[place] for place in range(len(ends))]

    def _present(self, users: Sequence[str]) -> tuple[Mapping[str, Presence], Sequence[Row]]:
        """Who of these is logged in, and how; and the rows of all of them."""
        if not users:
            return {}, []
        if "OauthToken" not in self._composite.describe(["OauthToken"]):
            raise HaltError(
                "the tokens of other users are hidden from the integration user",
                code="tokens_hidden",
                remedy="give the integration user Manage Users and Customize Application",
            )
        chosen = id_list(users)
        sessions, tokens, known = self._composite.rows(
            [
                f"SELECT Id, UsersId FROM AuthSession WHERE UsersId IN {chosen}",  # noqa: S608 - checked ids
                f"SELECT UserId, DeleteToken FROM OauthToken WHERE UserId IN {chosen}",  # noqa: S608 - checked ids
                self._people.numbers(users),
            ]
        )
        found: dict[str, Presence] = {}
        for row in sessions:
            found.setdefault(str(row["UsersId"]), Presence([], [])).sessions.append(str(row["Id"]))
        for row in tokens:
            found.setdefault(str(row["UserId"]), Presence([], [])).tokens.append(str(row["DeleteToken"]))
        return found, known

    def _end(self, place: int, user: str, present: Presence) -> Mapping[int, Receipt]:
        """Tokens first: an app with a refresh token would open the next session."""
        refused: list[Row] = []
        steps = [partial(self._revoke, token) for token in present.tokens]
        steps += [partial(self._delete, some, refused) for some in portions(present.sessions, BATCH_LIMIT)]
        for number, step in enumerate(steps):
            with after_a_write() if number else nullcontext():
                step()
        if refused:
            return {place: refusal(refused[0])}
        told = {"sessions": str(len(present.sessions)), "tokens": str(len(present.tokens))}
        return {place: Receipt.done(user, **told)}

    def _delete(self, sessions: Sequence[str], refused: list[Row]) -> None:
        """Delete sessions; the errors of those that are left are added to ``refused``."""
        errors = [result["errors"][0] for result in self._org.delete(sessions) if not result["success"]]
        refused += [error for error in errors if str(error.get("statusCode")) not in _GONE]

    def _revoke(self, token: str) -> None:
        """HTTP 400 means that the token is none (any more); the second look tells whether that is so."""
        answer = self._client.request("POST", self._revoke_url, intent=Intent.WRITE, data={"token": token})
        if answer.status != 400:
            answer.raise_for_status()

    def _look_again(self, ended: dict[int, Receipt], users: Mapping[int, str]) -> None:
        """Replace "done" where somebody is logged in after all."""
        done = [place for place, receipt in ended.items() if receipt.outcome is Outcome.DONE]
        with after_a_write():
            present, _ = self._present([users[place] for place in done])
        ended |= {place: _LEFT for place in done if users[place] in present}
