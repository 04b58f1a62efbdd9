"""The approval forms of a simulated WeCom corporation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.oa.wecom.simulator_members import ApiError

_LONGEST_S: Final = 31 * 86_400
PENDING, APPROVED, TRANSFERRED = 1, 2, 4


class Approvals:
    """Forms by number. A node waits for its approvers once every node before it is through."""

    def __init__(self) -> None:
        self.forms: dict[str, dict[str, Any]] = {}

    def plant(self, number: str, name: str, applicant: str, nodes: list[list[str]], apply_time: int) -> None:
        """A pending form whose first node waits; later nodes stand as pending too (our choice)."""
        self.forms[number] = {
            "sp_no": number, "sp_name": name, "sp_status": PENDING, "template_id": "synthetic-template",
            "apply_time": apply_time, "applyer": {"userid": applicant, "partyid": "1"}, "notifyer": [], "comments": [],
            "apply_data": {"contents": []},
            "sp_record": [
                {
                    "sp_status": PENDING,
                    "approverattr": 1,
                    "details": [
                        _asked(userid) for userid in approvers
                    ],
                }
                for approvers in nodes
            ],
        }  # fmt: skip

    def current(self, number: str) -> list[str]:
        """Who has to decide now."""
        form = self.forms[number]
        if form["sp_status"] != PENDING:
            return []
        node = next((node for node in form["sp_record"] if node["sp_status"] == PENDING), None)
        details = [] if node is None else node["details"]
        return [detail["approver"]["userid"] for detail in details if detail["sp_status"] == PENDING]

    def approve(self, number: str) -> None:
        """The node that waits is through; after the last one the form is approved."""
        form = self.forms[number]
        waiting = [node for node in form["sp_record"] if node["sp_status"] == PENDING]
        for part in (waiting[0], *waiting[0]["details"]):
            part["sp_status"] = APPROVED
        form["sp_status"] = PENDING if len(waiting) > 1 else APPROVED

    def hand(self, number: str, userid: str) -> None:
        """The approver of the waiting node passes the form to somebody else, in the app."""
        node = next(node for node in self.forms[number]["sp_record"] if node["sp_status"] == PENDING)
        for detail in node["details"]:
            detail["sp_status"] = TRANSFERRED
        node["details"].append(_asked(userid))

    def numbers(self, body: Mapping[str, Any]) -> list[str]:
        """``getapprovalinfo``: the numbers of the forms handed in within a span of at most 31 days."""
        start, end = body.get("starttime"), body.get("endtime")
        if not (isinstance(start, str) and isinstance(end, str) and start.isdigit() and end.isdigit()):
            raise ApiError(301025, "get approval param error")
        if not 0 < int(end) - int(start) <= _LONGEST_S or not 1 <= int(body.get("size", 100)) <= 100:
            raise ApiError(301025, "get approval param error")
        wanted = [entry["value"] for entry in body.get("filters") or [] if entry["key"] == "sp_status"]
        return [
            number
            for number, form in self.forms.items()
            if int(start) <= form["apply_time"] <= int(end) and (not wanted or str(form["sp_status"]) in wanted)
        ]

    def detail(self, number: object) -> dict[str, Any]:
        """``getapprovaldetail``."""
        form = self.forms.get(str(number))
        if form is None:
            raise ApiError(301025, "get approval param error")
        return form


def _asked(userid: str) -> dict[str, Any]:
    return {"approver": {"userid": userid}, "sp_status": PENDING, "speech": "", "sptime": 0, "media_id": []}
