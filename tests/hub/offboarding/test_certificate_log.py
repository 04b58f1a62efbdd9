"""A certificate beside an export of the audit log: what was left out is named, and what was made up."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.hub import proof
from baton.hub.offboarding import casework, completing
from baton.hub.offboarding.certificate import issue, verify, verify_file
from baton.model.case import Act
from tests.hub.offboarding.certified import KEY, Content, finish, resigned, said_again, settings
from tests.hub.offboarding.conftest import HR, staffed
from tests.rig.belongings import KeeperTarget
from tests.rig.clock import VirtualClock
from tests.rig.company import Company


@dataclass(frozen=True)
class Exported:
    """A case that was reopened and completed again, certified, and the log of its hub."""

    folder: Path
    manifest: bytes
    log: bytes

    def content(self) -> Content:
        found: Content = json.loads(self.manifest)["document"]
        return found

    def found(self, manifest: bytes, log: bytes) -> list[tuple[str, str]]:
        """What does not hold, and where."""
        file, export = self.folder / "tried.json", self.folder / "tried.jsonl"
        file.write_bytes(manifest)
        export.write_bytes(log)
        verified = verify_file(file, KEY, export)
        assert verified.log_checked
        return [(each.what, each.message) for each in verified.broken]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    folder = tmp_path_factory.mktemp("exported")
    url = f"sqlite:///{folder}/hub.sqlite3"
    company = Company(folder, url, VirtualClock(), {"crm": KeeperTarget}, offboarding=settings(folder))
    with company.open() as hub:
        case = finish(staffed(company, hub))
        casework.decide(hub, case.id, Act.REOPEN, HR, "a contract was found")
        completing.complete(hub, case.id, HR, "it was none of ours")
        certificate = issue(hub, case.id, HR)
        log = io.BytesIO()
        proof.export(hub, log)
    return Exported(folder, certificate.manifest, log.getvalue())


def test_what_leaves_nothing_out_holds(exported: Exported) -> None:
    assert exported.found(exported.manifest, exported.log) == []


def test_a_reopening_that_was_left_out_is_found_by_the_log_and_by_nothing_else(exported: Exported) -> None:
    content = exported.content()
    of_case = [each for each in content["statements"] if each["act"] in ("complete", "reopen")]
    content["statements"] = [each for each in content["statements"] if each not in of_case[:2]]
    lying = resigned(content)
    assert verify(lying, KEY).holds
    assert exported.found(lying, exported.log) == [
        ("left_out", f"{HR} said complete: it is not in here"),
        ("left_out", f"{HR} said reopen: it is not in here"),
    ]


def test_a_statement_that_was_made_up_is_found_too(exported: Exported) -> None:
    content = exported.content()
    said_again(content, content["statements"][-1], text="everybody agreed")
    assert exported.found(resigned(content), exported.log) == [
        ("left_out", f"{HR} said complete: it is not in here"),
        ("log", "the log has no entry of it"),
    ]


def test_a_log_that_is_not_the_one_that_was_signed_is_refused(exported: Exported) -> None:
    lines = exported.log.splitlines(keepends=True)
    cut = b"".join(lines[:-9])
    without = b"".join(line for line in lines if b'"act":"reopen"' not in line)
    for log in (b"", b"no log\n", cut, without):
        faults = exported.found(exported.manifest, log)
        assert {what for what, _ in faults} == {"log"}
