"""Every column is classed: sealed personal data, or plain by a decision written here."""

from __future__ import annotations

import sqlalchemy as sa

from baton.hub.keys import SEALED
from baton.store.referring import REFERRING
from baton.store.tables import metadata

PLAIN = {
    "audit_entries": {"seq", "at", "kind", "body", "leaf"},
    "audit_head": {"id", "size", "frontier"},
    "people": {"number", "source", "version", "status", "digest", "recorded_at"},
    "person_versions": {"number", "version", "status", "what", "effective_at", "recorded_at", "run_id"},
    "person_indexes": {"column", "blind", "number"},
    "told_lines": {"source", "version"},
    "links": {
        "system", "number", "external_id", "state", "applied", "planned_version", "generation", "mapping_digest", "dirty",
        "rejected_version",
    },
    "runs": {
        "id", "job", "state", "requested_by", "plan_hash", "feed_digest", "counts", "reasons", "verdict", "created_at",
        "settled_at", "replaced_by",
    },
    "run_faults": {"id", "run_id", "place", "field", "rule", "message"},
    "effects": {
        "id", "key", "run_id", "job", "system", "number", "action", "version", "state", "destructive", "rank", "due_at",
        "next_at", "mapping_digest", "digests", "batch_id", "lease_owner", "lease_until", "epoch", "attempts", "crashes",
        "code", "doubted", "message", "remedy", "evidence", "approved", "created_at", "updated_at",
        "state_since",
    },
    "approvals": {"id", "run_id", "decision", "person", "why", "plan_hash", "decided_at"},
    "feeds": {"source", "cursor", "digest", "row_count", "columns", "population", "approved_at"},
    "hints": {"system", "event_id", "kind", "numbers", "received_at", "taken_by"},
    "allowances": {"system", "next_free"},
    "switches": {"scope", "person", "why", "engaged_at"},
    "migrations": {
        "run_id", "undoes", "source", "source_collection", "target", "collection", "mapping_file", "mapping_digest",
        "shape", "waves", "retain_until", "purged_at", "version",
    },
    "cases": {
        "id", "number", "state", "cause", "policy", "department", "manager", "opened_by", "opened_at", "last_working_at",
        "contract_end_at", "pay_end_at", "checked_at", "picture", "completed_at", "protected_until",
        "watched_until", "version",
    },
    "case_items": {
        "key", "case_id", "item", "system", "kind", "external_id", "about", "state", "version", "digest", "undo",
        "successor", "accepted_version", "accepted_by", "approved_by", "holder_id", "due_at", "effect_key", "code",
        "message", "changed_at",
    },
    "item_versions": {"key", "version", "digest", "seen_at"},
    "statements": {
        "key", "case_id", "item", "item_version", "item_digest", "act", "person", "role", "at", "signature", "version",
    },
    "personal_links": {"id", "case_id", "person", "role", "made_by", "made_at", "expires_at", "revoked_at", "used_at"},
    "tenures": {"system", "kind", "external_id", "turn", "since", "until", "holder", "about", "case_id"},
    "alerts": {
        "key", "case_id", "rule", "event", "system", "actor", "about", "state", "at", "raised_at", "asked_by",
        "decided_by", "version",
    },
    "alarms": {
        "key", "claim", "rule", "subject", "severity", "state", "value", "since", "seen_at", "told_at", "escalated_at",
        "ended_at", "until", "person", "why",
    },
    "passes": {"job", "about", "at"},
    "pay_runs": {
        "run_id", "system", "profile", "component", "period", "currency", "execution_day", "created_at",
        "report_digest", "people_digest", "asked", "version",
    },
    "pay_lines": {
        "key", "run_id", "line", "claim", "reference", "number", "period", "component", "attempt", "state", "message_id",
        "code", "place", "changed_at", "version",
    },
    "pay_files": {
        "message_id", "run_id", "part", "name", "plain_digest", "sealed_digest", "size_bytes", "count", "effect_key",
        "created_at", "version", "people_digest",
    },
    "pay_waivers": {"id", "run_id", "rule", "reference", "finding", "person", "role", "reason", "until", "at"},
    "pay_signatures": {"id", "run_id", "person", "role", "at", "files", "people", "report"},
    "bank_files": {"system", "name", "kind", "digest", "taken_at", "counts"},
    "bank_events": {
        "key", "system", "name", "position", "message_id", "reference", "kind", "state", "code", "at", "version",
    },
    "bank_differences": {
        "key", "system", "run_id", "kind", "what", "place", "weight", "since", "over_at", "decided_at", "person", "why",
        "version",
    },
    "pay_comparisons": {"run_id", "at", "verdict", "lines", "compared", "version"},
    "recovery_cases": {
        "id", "number", "reference", "state", "currency", "opened_by", "opened_at", "changed_at", "version",
    },
    "recovery_claims": {"case_id", "reference"},
    "recovery_entries": {"key", "case_id", "place", "kind", "at", "person", "state", "evidence", "money", "version"},
    "settlements": {
        "id", "number", "period", "state", "digest", "pack_version", "pack_digest", "prepared_by", "prepared_at",
        "reviewed_by", "reviewed_as", "reviewed_at", "run_id", "changed_at", "version",
    },
    "restores": {"id", "at", "person", "why", "backup", "entries", "version_floor"},
    "erasures": {"id", "number", "asked_by", "why", "asked_at", "decided_by", "erased_at", "kept"},
    "staged": {"run_id", "stage", "number", "row_count", "file_digest", "root", "facts", "created_at"},
}  # fmt: skip
"""Ids, counts, keyed digests, states, and texts that by their rule never carry a person's data. The employee number is
the key between systems and stands in the clear; names, contacts, identity and bank data never do."""

OF_PEOPLE = {"number", "numbers", "person", "holder", "successor", "manager", "actor"}
"""Names of columns that may hold the employee number of a person."""
NOT_REFERRING = {
    "who they are, and goes with them": {"people.number", "person_versions.number", "person_indexes.number"},
    "goes unread once they are gone": {"hints.numbers"},
    "asked to be erased is no ground to be kept": {"erasures.number"},
    "an account's id in a system": {"alerts.actor"},
    "no person's: a file's": {"staged.number"},
    "who decided, by the name they logged in with, which stands in the audit log": {
        f"{table}.person"
        for table in (
            "alarms", "approvals", "bank_differences", "pay_signatures", "pay_waivers", "recovery_entries", "restores",
            "switches",
        )
    },
}  # fmt: skip
"""Those of these columns that keep nobody from being forgotten, by why: all others are in `REFERRING`."""


def test_every_column_is_either_sealed_or_plain_by_decision():
    unclassed = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("class") != "personal" and column.name not in PLAIN.get(table.name, set())
    }
    assert unclassed == set(), "new columns: seal them, or add them to PLAIN and say why they hold nothing personal"


def test_the_list_names_only_columns_there_are():
    there = {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    assert {name: columns - there.get(name, set()) for name, columns in PLAIN.items()} == {
        name: set() for name in PLAIN
    }


def test_whatever_holds_a_persons_number_keeps_them_from_being_forgotten_or_it_is_said_why_not():
    of_people = {
        str(column) for table in metadata.sorted_tables for column in table.columns if column.name in OF_PEOPLE
    }
    keeping = {str(column) for column in REFERRING}
    others = set().union(*NOT_REFERRING.values())
    assert of_people == keeping | others, "new columns: add them to REFERRING, or to NOT_REFERRING and say why"
    assert keeping & others == set()


def test_personal_columns_hold_ciphertext():
    personal = [column for table in metadata.sorted_tables for column in table.columns if column.info.get("class")]
    assert personal
    for column in personal:
        assert column.info == {"class": "personal", "sealed": True}
        assert isinstance(column.type, sa.LargeBinary)


def test_key_rotation_covers_every_sealed_column():
    sealed = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("sealed")
    }
    assert {(place.table.name, place.column) for place in SEALED} == sealed
