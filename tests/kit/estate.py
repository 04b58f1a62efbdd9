"""A small service in which people hold things, over HTTP: the other side for the tests of the laws of handovers."""

import itertools
from datetime import UTC, datetime, timedelta

import httpx
import orjson

PROMISED = "group"
"""The kind whose transfer is only accepted: its members may refuse."""


class Estate:
    holding_kinds = ("client", "opportunity", PROMISED, "approval", "task")
    secret = "synthetic-estate-secret"

    def __init__(self):
        self.settings = {"base_url": "http://127.0.0.1:1"}
        self.secrets = {"secret": self.secret}
        self.page_size = 100
        self.journal = []
        self.people = {}
        self.things = {}
        self.promises = {}
        self.rights = {}
        self.grants = {}
        self.sessions = set()
        self.tokens = set()
        self.outbox = []
        self.history = []
        self.in_the_way = {}
        self.serials = itertools.count(1)

    # --- what the laws plant and see

    def seed_person(self, n):
        self.people.setdefault(f"{n:04d}", f"ou_{n * 7919:012x}")
        return self.people[f"{n:04d}"]

    def seed_holding(self, kind, n, holder):
        external_id = f"{kind[:2]}-{n:06d}"
        self.things[kind, external_id] = {
            "title": f"测试䶮{kind}{n}",
            "stage": "open",
            "amount": "10.50",
            "holder": holder,
        }
        return external_id

    def holder_of(self, kind, external_id):
        thing = self.things.get((kind, external_id))
        return thing and thing["holder"]

    def give_away(self, kind, external_id, holder):
        self.things[kind, external_id]["holder"] = holder

    def change_holding(self, kind, external_id):
        self.things[kind, external_id]["stage"] += "!"

    def settle(self):
        for key, promise in self.promises.items():
            if promise["state"] == "waiting":
                promise["state"] = "done"
                self.things[key]["holder"] = promise["to"]

    def refuse(self, external_id):
        self.promises[PROMISED, external_id]["state"] = "refused"

    def seed_grant(self, n, person):
        grant = f"role:{n:08d}"
        self.rights[grant] = f"角色{n}"
        self.grants.setdefault(person, set()).add(grant)
        return grant

    def granted(self, person):
        return set(self.grants.get(person, ()))

    def log_in(self, person):
        self.sessions.add(person)

    def logged_in(self, person):
        return person in self.sessions

    def seed_blocker(self, n, person):
        self.in_the_way.setdefault(person, []).append(f"flow {n}")

    def seed_activity(self, n, person):
        at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(hours=n // 2)
        self.history.append({"id": f"e{n}", "at": at.isoformat(), "actor": person, "about": f"cl-{n % 3:06d}"})

    def seed_export(self, n, person):
        at = datetime(2026, 2, 5, tzinfo=UTC) + timedelta(hours=n)
        self.history.append({"id": f"x{n}", "at": at.isoformat(), "actor": person, "about": "", "rows": 40 * n})

    def expire_sessions(self):
        self.tokens.clear()

    # --- the wire

    def handle(self, request):
        asked = orjson.loads(request.content)
        path = request.url.path
        if path == "/token":
            if asked["secret"] != self.secret:
                return httpx.Response(401, json={})
            token = f"token-{next(self.serials)}"
            self.tokens.add(token)
            return httpx.Response(200, json={"token": token})
        if request.headers.get("Authorization") not in self.tokens:
            return httpx.Response(401, json={})
        answer = getattr(self, "on_" + path[1:])
        return httpx.Response(200, json=answer(asked))

    def page(self, rows, asked):
        start = asked.get("start", 0)
        following = start + self.page_size
        return {"rows": rows[start:following], "next": following if following < len(rows) else None}

    def on_person(self, asked):
        return {"id": self.people.get(asked["number"])}

    def on_held(self, asked):
        rows = [
            {"kind": kind, "id": external_id, **thing}
            for (kind, external_id), thing in sorted(self.things.items())
            if thing["holder"] == asked["person"] and kind in asked["kinds"]
        ]
        return self.page(rows, asked)

    def on_held_by(self, asked):
        rows = [
            {"kind": kind, "id": external_id, **thing}
            for (kind, external_id), thing in sorted(self.things.items())
            if thing["holder"] in asked["people"] and kind in asked["kinds"]
        ]
        return self.page(rows, asked)

    def on_holders(self, asked):
        return {"holders": [self.holder_of(*ref) for ref in asked["refs"]]}

    def on_give(self, asked):
        return {"results": [self.give(**item) for item in asked["items"]]}

    def give(self, kind, thing_id, holder, to):
        thing = self.things.get((kind, thing_id))
        if thing is None:
            return "missing"
        if to not in self.people.values():
            return "nobody"
        if thing["holder"] == to:
            return "ok"
        if thing["holder"] != holder:
            return "changed"
        if kind != PROMISED:
            self.journal.append(("give", thing_id))
            thing["holder"] = to
            return "ok"
        if self.promises.get((kind, thing_id)) != {"to": to, "state": "waiting"}:
            self.journal.append(("promise", thing_id))
            self.promises[kind, thing_id] = {"to": to, "state": "waiting"}
        return "promised"

    def on_promises(self, asked):
        none = {"to": None, "state": "none"}
        found = [self.promises.get((kind, external_id), none) for kind, external_id, _ in asked["items"]]
        return {
            "results": [
                one["state"] if one["to"] == to else "none"
                for one, (_, _, to) in zip(found, asked["items"], strict=True)
            ]
        }

    def on_grants(self, asked):
        rows = [{"id": grant, "title": self.rights[grant]} for grant in sorted(self.granted(asked["person"]))]
        return self.page(rows, asked)

    def on_grants_of(self, asked):
        rows = [
            {"person": person, "id": grant, "title": self.rights[grant]}
            for person in asked["people"]
            for grant in sorted(self.granted(person))
        ]
        return self.page(rows, asked)

    def on_change(self, asked):
        return {"results": [self.change(asked["give"], **item) for item in asked["items"]]}

    def change(self, give, person, grant):
        if give and person not in self.people.values():
            return "nobody"
        if give and grant not in self.rights:
            return "missing"
        self.journal.append(("right", grant))
        held = self.grants.setdefault(person, set())
        held.add(grant) if give else held.discard(grant)
        return "ok"

    def on_logout(self, asked):
        for person in asked["people"]:
            self.journal.append(("logout", person))
            self.sessions.discard(person)
        return {"results": ["ok" for _ in asked["people"]]}

    def on_mail(self, asked):
        return {"results": [self.deliver(mail) for mail in asked["mails"]]}

    def deliver(self, mail):
        """Header lines, an empty line, the text. As with real mail, a line is whatever stands before a line break."""
        head, _, text = mail.replace("\r\n", "\n").replace("\r", "\n").partition("\n\n")
        headers = [line.partition(": ")[::2] for line in head.split("\n")]
        subject = next(value for name, value in headers if name == "Subject")
        to = [value for name, value in headers if name in ("To", "Bcc") and value]
        for address in to:
            self.journal.append(("mail", address))
            self.outbox.append((address, subject, text))
        return "ok" if to else "nobody"

    def on_blockers(self, asked):
        return {"rows": self.in_the_way.get(asked["person"], [])}

    def on_history(self, asked):
        rows = [
            row
            for row in sorted(self.history, key=lambda row: (row["at"], row["id"]))
            if asked["since"] <= row["at"] < asked["until"]
            and (row["actor"] in asked["people"] or row["about"] in asked["clients"])
        ]
        return self.page(rows, asked)
