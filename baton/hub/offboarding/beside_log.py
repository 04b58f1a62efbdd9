"""A certificate beside an export of the audit log: whether anything that was said in the case was left out of it.

Each statement is signed by itself, so of a certificate alone nobody can tell that one is missing. The log has an entry
of every statement, and the certificate brings the signed checkpoint that an export must meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from baton.audit.public_keys import PublicKeys
from baton.audit.verify import verify_export
from baton.jobs.offboarding.certificate.checks import Broken
from baton.jobs.offboarding.certificate.manifest import Document


def beside_log(document: Document, export: BinaryIO, keys: PublicKeys) -> list[Broken]:
    """What does not hold: the export itself, what the log knows and the certificate does not say, and the reverse."""
    report = verify_export(export, keys, [document.audit.note.encode()])
    if not report.ok:
        return [Broken("log", each.place, each.message) for each in report.findings]
    export.seek(0)
    entries = {body["signature"]: (seq, body) for seq, body in _said(export, document.case.id)}
    here = [said.signature for said in document.statements]
    left_out = entries.keys() - set(here)
    return [
        *(_left_out(seq, body) for signature, (seq, body) in entries.items()
          if signature in left_out and seq < document.audit.entries),
        *(Broken("log", f"statement {number}", "the log has no entry of it")
          for number, signature in enumerate(here, 1) if signature not in entries),
    ]  # fmt: skip


def _said(export: BinaryIO, case_id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The statements about a case, each with its place in the log."""
    for line in export:
        entry = json.loads(line)["entry"]
        if entry["kind"] == "statement" and entry["body"]["case"] == case_id:
            yield entry["seq"], entry["body"]


def _left_out(seq: int, body: dict[str, Any]) -> Broken:
    of = f" of item {body['item']}" if "item" in body else ""
    return Broken("left_out", f"entry {seq} of the log", f"{body['person']} said {body['act']}{of}: it is not in here")
