"""What an employee may do in a real Tryton server: seen, taken away, given, and sessions ended."""

from __future__ import annotations

import httpx
import pytest

from baton.sdk import AccountRef, HaltError, InDoubtError, Outcome
from tests.connectors.erp.tryton_desk import outcomes

pytestmark = [pytest.mark.server, pytest.mark.timeout(600)]

WRITE = "model.res.user.write"


def ids(grants):
    return {grant.id for grant in grants}


def login(shop, person):
    (row,) = shop.admin.rows("res.user", [["employees", "=", int(person.external_id)]], ["active", "administrator"])
    return row


def rest(shop, key):
    url = f"{shop.server.base_url}/{shop.server.database}/rest/model/party.party"
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(url, params={"s": 1}, headers=headers, trust_env=False).status_code


def key_of(shop, person):
    """A key that the person has made."""
    shop.there.log_in(person.external_id)
    visit = shop.there._visits[person.external_id]
    (made,) = visit.call("res.user.application.create", [{"user": visit.user_id, "application": "rest"}])
    (row,) = visit.rows("res.user.application", [["id", "=", made]], ["key"])
    return row["key"]


def test_the_rights_of_a_person_are_login_administration_groups_and_keys(shop):
    leaver = shop.person(1)
    assert shop.connector.grants(leaver) == []
    assert shop.connector.grants(AccountRef("4040")) == []
    groups = {shop.there.seed_grant(n, leaver.external_id) for n in (1, 2)}
    assert ids(shop.connector.grants(leaver)) == groups | {"login"} == shop.there.granted(leaver.external_id)
    key_of(shop, leaver)
    shop.admin.call("res.user.write", [login(shop, leaver)["id"]], {"administrator": True})
    found = shop.connector.grants(leaver)
    assert ids(found) == groups | {"login", "keys", "administrator"}
    assert all(grant.title and not grant.by_hand for grant in found)


def test_rights_are_taken_in_one_write_and_again_is_done(shop):
    leaver, colleague = shop.person(1), shop.person(2)
    one, two = (shop.there.seed_grant(n, leaver.external_id) for n in (1, 2))
    shop.there.seed_grant(1, colleague.external_id)
    changes = [
        shop.grant(one, leaver),
        shop.grant(one, colleague),
        shop.grant(two, leaver),
        shop.grant("login", leaver),
    ]
    shop.wire.methods.clear()
    assert outcomes(shop.connector.revoke(changes)) == [Outcome.DONE] * 4
    assert shop.wire.count(WRITE) == 1
    assert shop.there.granted(leaver.external_id) == set()
    assert shop.there.granted(colleague.external_id) == {"login"}
    assert outcomes(shop.connector.revoke([*changes, shop.grant(one, AccountRef("4040"))])) == [Outcome.DONE] * 5
    assert shop.wire.count(WRITE) == 1


def test_rights_are_given_to_the_one_active_login(shop):
    successor, nobody = shop.person(1), shop.person(2)
    one = shop.there.seed_grant(1, successor.external_id)
    two = shop.there.seed_grant(2, successor.external_id)
    taken = [shop.grant(one, successor), shop.grant(two, successor), shop.grant("login", successor)]
    shop.connector.revoke(taken)
    assert [r.code for r in shop.connector.entitle([shop.grant(one, successor)])] == ["no_login"]
    assert outcomes(shop.connector.entitle([shop.grant("login", successor)])) == [Outcome.DONE]
    asked = [
        shop.grant(one, successor),
        shop.grant(one, nobody),
        shop.grant("keys", successor),
        shop.grant("?", nobody),
    ]
    told = [receipt.code or receipt.outcome.value for receipt in shop.connector.entitle(asked)]
    assert told == ["done", "no_login", "no_such_right", "no_such_right"]
    assert shop.there.granted(successor.external_id) == {"login", one}
    unknown = [shop.grant(two, successor), shop.grant("group/2000000000", successor)]
    assert [receipt.code for receipt in shop.connector.entitle(unknown)] == ["", "no_such_right"]
    assert shop.there.granted(successor.external_id) == {"login", one, two}


def test_sessions_end_at_once_and_the_login_stays(shop):
    leaver, colleague = shop.person(1), shop.person(2)
    for person in (leaver, colleague):
        shop.there.log_in(person.external_id)
    assert shop.there.logged_in(leaver.external_id)
    nobody = AccountRef("4040")
    assert outcomes(shop.connector.end_sessions([shop.end(leaver), shop.end(nobody)])) == [Outcome.DONE] * 2
    assert not shop.there.logged_in(leaver.external_id)
    assert shop.there.logged_in(colleague.external_id)
    assert login(shop, leaver)["active"]
    shop.there.log_in(leaver.external_id)
    assert shop.there.logged_in(leaver.external_id)
    assert shop.connector.end_sessions([]) == []


def test_ending_sessions_never_wakes_a_login_that_somebody_deactivates_meanwhile(shop):
    leaver = shop.person(1)
    shop.there.log_in(leaver.external_id)
    number = login(shop, leaver)["id"]
    shop.wire.before[WRITE] = lambda: shop.admin.call("res.user.write", [number], {"active": False})
    assert outcomes(shop.connector.end_sessions([shop.end(leaver)])) == [Outcome.DONE]
    assert not login(shop, leaver)["active"]


def test_a_key_outlives_the_login_and_is_cancelled_with_the_sessions(shop):
    leaver, other = shop.person(1), shop.person(2)
    key, second = key_of(shop, leaver), key_of(shop, other)
    shop.connector.revoke([shop.grant("login", leaver)])
    assert not shop.there.logged_in(leaver.external_id)
    assert rest(shop, key) == 200  # Tryton does not ask whether the login is active
    assert ids(shop.connector.grants(leaver)) == {"keys"}
    assert outcomes(shop.connector.revoke([shop.grant("keys", leaver)])) == [Outcome.DONE]
    assert rest(shop, key) == 401
    assert shop.connector.grants(leaver) == []
    assert rest(shop, second) == 200
    assert outcomes(shop.connector.end_sessions([shop.end(other)])) == [Outcome.DONE]
    assert rest(shop, second) == 401


def test_a_login_that_acts_as_others_too_is_left_to_a_person(shop):
    leaver, colleague = shop.person(1), shop.person(2)
    one = shop.there.seed_grant(1, leaver.external_id)
    both = {"employees": [["add", [int(colleague.external_id)]]]}
    shop.admin.call("res.user.write", [login(shop, leaver)["id"]], both)
    assert all(grant.by_hand for grant in shop.connector.grants(leaver))
    said = [*shop.connector.revoke([shop.grant(one, leaver)]), *shop.connector.end_sessions([shop.end(leaver)])]
    said += shop.connector.entitle([shop.grant("administrator", colleague)])
    assert [receipt.code for receipt in said] == ["shared_login"] * 3
    assert shop.there.granted(leaver.external_id) == {"login", one}


def test_a_lost_answer_is_in_doubt_and_may_be_repeated(shop):
    leaver = shop.person(1)
    one = shop.there.seed_grant(1, leaver.external_id)
    shop.wire.lose = WRITE
    with pytest.raises(InDoubtError):
        shop.connector.revoke([shop.grant(one, leaver)])
    assert outcomes(shop.connector.revoke([shop.grant(one, leaver)])) == [Outcome.DONE]
    assert shop.there.granted(leaver.external_id) == {"login"}


def test_sessions_ended_while_the_answer_about_keys_is_lost_are_in_doubt_and_may_be_repeated(shop):
    leaver, other = shop.person(1), shop.person(2)
    key = key_of(shop, leaver)
    shop.there.log_in(other.external_id)
    shop.wire.lose = "model.res.user.application.cancel"
    ends = [shop.end(leaver), shop.end(other)]
    assert outcomes(shop.connector.end_sessions(ends)) == [Outcome.IN_DOUBT, Outcome.DONE]
    assert not shop.there.logged_in(other.external_id)
    assert outcomes(shop.connector.end_sessions(ends)) == [Outcome.DONE] * 2
    assert rest(shop, key) == 401


def test_without_the_right_nothing_is_taken_and_a_person_is_told(shop):
    leaver = shop.person(1)
    one = shop.there.seed_grant(1, leaver.external_id)
    weak = {"login": f"{shop.prefix}weak", "password": "sandbox-weak-8", "companies": [["add", [1]]], "company": 1}
    shop.admin.call("res.user.create", [{"name": "Weak", **weak}])
    hub = shop.another(username=weak["login"], password=weak["password"])
    assert all(grant.by_hand for grant in hub.grants(leaver))
    with pytest.raises(HaltError, match="may not change users"):
        hub.revoke([shop.grant(one, leaver)])
    assert shop.there.granted(leaver.external_id) == {"login", one}
