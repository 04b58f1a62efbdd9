"""Wrong contracts and settings that do not fit them are found before anything is sent."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zeep
from pydantic import ValidationError

from baton.errors import HaltError
from baton.model.account import AccountRef
from connectors.erp.soap.connector import SoapConnector
from connectors.erp.soap.settings import SoapSettings
from connectors.erp.soap.simulator import PATH, Simulator
from tests.connectors.erp.soap.exchange import (
    NS,
    WSDL,
    Wire,
    connect,
)


def copied(
    tmp_path: Path, change: Callable[[bytes], bytes], name: str = "employee_replication.wsdl"
) -> dict[str, object]:
    """Settings for a copy of the contract in which one file is different; the digests are those of the copy."""
    for file in WSDL.glob("*.[wx]s*"):
        shutil.copy(file, tmp_path)
    (tmp_path / name).write_bytes(change((tmp_path / name).read_bytes()))
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in tmp_path.iterdir()}
    return {"wsdl": str(tmp_path / "employee_replication.wsdl"), "sha256": digests}


def test_check_is_content_with_a_good_contract(erp: SoapConnector) -> None:
    assert [finding.ok for finding in erp.check()] == [True, True]


@pytest.mark.parametrize("name", ["employee_replication.wsdl", "employee_replication.xsd"])
def test_a_file_that_differs_from_its_digest_is_never_parsed(wire: Wire, tmp_path: Path, name: str) -> None:
    settings = {
        **copied(tmp_path, lambda data: data + b"\n", name),
        "sha256": wire.sim.settings["sha256"],
    }
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code == "wsdl_digest"
    (finding,) = connect(wire, **settings).check()
    assert (finding.ok, name in finding.detail) == (False, True)
    assert wire.sent == []


IMPORTS = {
    "remote": b'schemaLocation="http://127.0.0.1:1/evil.xsd"',
    "file": b'schemaLocation="file:///etc/hostname"',
    "up": b'schemaLocation="../../../etc/hostname"',
    "unlisted": b'schemaLocation="other.xsd"',
}


@pytest.mark.parametrize("location", IMPORTS.values(), ids=IMPORTS)
def test_nothing_but_listed_files_is_ever_imported(wire: Wire, tmp_path: Path, location: bytes) -> None:
    settings = copied(tmp_path, lambda data: data.replace(b'schemaLocation="employee_replication.xsd"', location))
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code in ("wsdl_import", "wsdl_unusable")
    assert wire.sent == []


def test_an_import_inside_a_schema_is_held_to_the_list_too(wire: Wire, tmp_path: Path) -> None:
    include = b'elementFormDefault="qualified"><xsd:include schemaLocation="file:///etc/hostname"/>'
    settings = copied(
        tmp_path, lambda d: d.replace(b'elementFormDefault="qualified">', include), "employee_replication.xsd"
    )
    with pytest.raises(HaltError):
        connect(wire, **settings).find([AccountRef("1")])


PROLOGS = {
    "dtd": b"<!DOCTYPE x>",
    "external dtd": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
    "entity": b'<!DOCTYPE x [<!ENTITY e "x">]>',
    "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
}


@pytest.mark.parametrize("prolog", PROLOGS.values(), ids=PROLOGS)
@pytest.mark.parametrize("name", ["employee_replication.wsdl", "employee_replication.xsd"])
def test_a_contract_with_a_dtd_is_refused(wire: Wire, tmp_path: Path, prolog: bytes, name: str) -> None:
    settings = copied(tmp_path, lambda data: data.replace(b"<!-- SYNTHETIC", prolog + b"<!-- SYNTHETIC", 1), name)
    with pytest.raises(HaltError) as caught:
        connect(wire, **settings).find([AccountRef("1")])
    assert caught.value.code == "wsdl_unusable"


def replaced(settings: Any, *steps: Any) -> Any:
    """Nested settings with one value replaced: keys, then the value."""
    if len(steps) == 1:
        return steps[0]
    return {**settings, steps[0]: replaced(settings.get(steps[0], {}), *steps[1:])}


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (("operations", "hire", "name", "Nonsense"), "no document-style operation Nonsense"),
        (("operations", "hire", "number", "MessageHeader/Number"), "no element MessageHeader/Number"),
        (
            ("operations", "hire", "constants", {}),
            "nothing fills the required element MessageHeader/SenderBusinessSystemID",
        ),
        (
            ("operations", "change", "fields", "department", "OrganisationalAssignment"),
            "OrganisationalAssignment is no String",
        ),
        (("operations", "query", "fields", "department", "StartDate"), "StartDate is no String"),
        (("operations", "query", "fields", "end_date", "EmployeeID"), "EmployeeID is no Date"),
        (("operations", "query", "number", "Processing/MaximumRowCount"), "MaximumRowCount is no String"),
        (("operations", "query", "rows", "People"), "no element People"),
        (("operations", "query", "fields", "manager", "Name/Boss"), "no element Name/Boss"),
        (("operations", "query", "more", "Employee/EmployeeID"), "Employee/EmployeeID is no Boolean"),
        (("confirmation", "result", "Log/Item"), "Log/Item is no String"),
    ],
)
def test_settings_that_do_not_fit_the_wsdl_are_found_before_anything_is_sent(
    wire: Wire, steps: tuple[Any, ...], words: str
) -> None:
    (finding,) = connect(wire, **{steps[0]: replaced(wire.sim.settings, *steps)[steps[0]]}).check()
    assert not finding.ok
    assert words in finding.detail
    assert finding.remedy
    assert wire.sent == []


def test_all_faults_of_the_settings_are_listed_at_once(wire: Wire) -> None:
    settings = replaced(wire.sim.settings, "operations", "hire", "number", "A")
    settings = replaced(settings, "operations", "end", "fields", "end_date", "B")
    (finding,) = connect(wire, operations=settings["operations"]).check()
    assert "no element A" in finding.detail
    assert "no element B" in finding.detail


@pytest.mark.parametrize(
    "steps",
    [
        ("operations", "hire", "fields", "salary", "StartDate"),
        ("operations", "hire", "fields", {"name": "Name/FormattedName"}),
        ("operations", "hire", "fields", "department", "EmployeeID"),
        ("operations", "end", "fields", {}),
        ("operations", "query", "fields", {"name": "Name/FormattedName"}),
        ("operations", "hire", "number", "../EmployeeID"),
        ("sha256", {"other.wsdl": "0" * 64}),
        ("sha256", {"../employee_replication.wsdl": "0" * 64}),
        ("fault_codes", {"X": "done"}),
        ("confirmation", "results", {"3": "maybe"}),
    ],
)
def test_settings_that_make_no_sense_are_refused_at_once(sim: Simulator, steps: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError):
        SoapSettings.model_validate({**replaced(sim.settings, *steps), **sim.secrets})


def shape(element: Any) -> Any:
    """An element as nested names, built-in types and occurrences."""
    children = getattr(element.type, "elements", None)
    kind = [shape(child) for _, child in children] if children else element.type.__class__.__mro__[-5].__name__
    return element.name, kind, element.min_occurs, element.max_occurs, element.nillable


def test_the_servers_own_schema_has_the_shape_of_the_synthetic_one(sim: Simulator, erp: SoapConnector) -> None:
    """Two libraries, two descriptions written apart: spyne's classes, and the files in wsdl/."""
    erp.check()
    answer = sim._application
    said: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PATH, "QUERY_STRING": "wsdl", "SERVER_NAME": "x", "SERVER_PORT": "80",
               "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}  # fmt: skip
    text = b"".join(answer(environ, lambda status, headers, _=None: said.append(status)))
    assert said == ["200 OK"]
    theirs = zeep.wsdl.Document(io.BytesIO(text), zeep.Transport(), settings=zeep.Settings(forbid_external=True))
    ours = erp._speaker.contract().document
    names = ["EmployeeHireRequest", "EmployeeChangeRequest", "EmployeeEndRequest", "EmployeeReinstateRequest",
             "EmployeeReplicationConfirmation", "EmployeeQuery", "EmployeeQueryResponse"]  # fmt: skip
    for name in names:
        assert shape(theirs.types.get_element(f"{{{NS}}}{name}")) == shape(ours.types.get_element(f"{{{NS}}}{name}")), (
            name
        )
