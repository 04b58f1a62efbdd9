"""A stand-in for an ERP with a synthetic, SAP-like employee replication service, served by spyne.

It is written from the prose in wsdl/README.md and the synthetic schema, in another SOAP library than the connector
uses: spyne builds its own schema from the classes in simulator_service.py and validates every request with it. The
real interfaces of SAP look different in every tenant; nothing here is a statement about them.
"""

from __future__ import annotations

import base64
import hashlib
import io
import threading
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import httpx

from connectors.erp.soap.simulator_ledger import JournalEntry, Ledger

PATH = "/soap/employee-replication"
_USER, _PASSWORD = "BATON_COMM", "synthetic-soap-password"
_WSDL = Path(__file__).with_name("wsdl") / "employee_replication.wsdl"
_HEADER = {
    "message_id": "MessageHeader/ID",
    "sent_at": "MessageHeader/CreationDateTime",
    "number": "EmployeeID",
    "constants": {"MessageHeader/SenderBusinessSystemID": "BATON"},
}
_EMPLOYEE = {
    "name": "Name/FormattedName",
    "family_name": "Name/FamilyName",
    "given_name": "Name/GivenName",
    "start_date": "StartDate",
    "company": "OrganisationalAssignment/CompanyID",
    "department": "OrganisationalAssignment/OrganisationalCentreID",
    "cost_center": "OrganisationalAssignment/CostCentreID",
    "position": "OrganisationalAssignment/PositionTitle",
    "manager": "OrganisationalAssignment/ManagerInternalID",
    "email": "Communication/EmailURI",
    "mobile": "Communication/MobilePhoneNumber",
}


class Simulator:
    """One ERP client. ``ledger`` is its truth."""

    prefixes: ClassVar[tuple[str, ...]] = (PATH,)

    def __init__(self, base_url: str = "http://127.0.0.1:1") -> None:
        self.base_url = base_url.rstrip("/")
        self.ledger = Ledger()
        self._lock = threading.RLock()
        self._application: Any = None

    @property
    def journal(self) -> list[JournalEntry]:
        return self.ledger.journal

    @property
    def settings(self) -> Mapping[str, object]:
        """The whole description of this service, as it would stand in systems.yaml."""
        digests = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (_WSDL, _WSDL.with_suffix(".xsd"))
        }
        query = {
            "name": "EmployeeQuery",
            "number": "Selection/EmployeeID",
            "after": "Processing/AfterEmployeeInternalID",
            "page_size": "Processing/MaximumRowCount",
            "rows": "Employee",
            "more": "MoreRowsIndicator",
            "rows_per_page": 5,
            "row_number": "EmployeeID",
            "row_external_id": "EmployeeInternalID",
            "row_state": "EmploymentStatusCode",
            "row_states": {"1": "enabled", "2": "disabled"},
            "fields": {**_EMPLOYEE, "end_date": "EndDate"},
        }
        return {
            "service_url": self.base_url + PATH,
            "username": _USER,
            "wsdl": str(_WSDL),
            "sha256": digests,
            "operations": {
                "hire": {"name": "EmployeeHire", **_HEADER, "fields": _EMPLOYEE},
                "change": {"name": "EmployeeChange", **_HEADER, "fields": _EMPLOYEE},
                "end": {
                    "name": "EmployeeEnd",
                    **_HEADER,
                    "fields": {"end_date": "EndDate", "end_reason": "ReasonCode"},
                },
                "reinstate": {"name": "EmployeeReinstate", **_HEADER, "fields": {"start_date": "StartDate"}},
                "query": query,
            },
            "confirmation": {
                "message_id": "MessageHeader/ReferenceID",
                "result": "Log/BusinessDocumentProcessingResultCode",
                "results": {"3": "done", "5": "refused", "9": "not_performed"},
                "reason": "Log/Item/TypeID",
                "external_id": "EmployeeInternalID",
            },
            "fault_detail": "StandardFault/Code",
            "fault_codes": {"LOCKED": "not_performed", "NO_AUTHORITY": "halt"},
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        return {"password": _PASSWORD}

    def sample(self, n: int) -> Mapping[str, Any]:
        return {
            "name": f"测试䶮{n}",
            "family_name": "测试",
            "given_name": f"䶮{n}",
            "start_date": date(2026, 1, 1 + n % 28),
            "company": "示例科技",
            "department": f"D{n % 7:02d}",
            "cost_center": "0012",
            "position": "客户经理",
            "email": f"p{n:05d}@example.com",
            "mobile": f"138{n:08d}",
        }

    def changed(self, n: int) -> Mapping[str, Any]:
        return {"position": f"高级客户经理{n}", "department": "D99"}

    def disabling(self, n: int) -> Mapping[str, Any]:
        """What the end of the n-th person's employment needs."""
        return {"end_date": date(2026, 6, 30)}

    def bad(self, n: int) -> Mapping[str, Any]:
        """Fields this ERP refuses: the company is not one of its own."""
        return {**self.sample(n), "company": "UNKNOWN"}

    def seed(self, people: Iterable[Mapping[str, Any]]) -> None:
        """Plant employees: ``EmployeeID`` (may be None), ``StartDate``, ``FormattedName``, and any other leaf element
        of Employee by its name (``EndDate`` makes a leaver)."""
        with self._lock:
            for person in people:
                self.ledger.plant(dict(person))

    def handle(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        body = request.read()
        wanted = "Basic " + base64.b64encode(f"{_USER}:{_PASSWORD}".encode()).decode()
        with self._lock:
            self.ledger.calls += 1
            if request.url.path != PATH:
                return httpx.Response(404, text="no such service")
            if request.headers.get("authorization") != wanted:
                return httpx.Response(401, text="<html>Anmeldung fehlgeschlagen</html>")
            return self._served(request, body)

    def _served(self, request: httpx.Request, body: bytes) -> httpx.Response:
        """The request through spyne's WSGI application."""
        if self._application is None:
            # Imported late: spyne belongs to the counterpart group, and is needed only where the simulator runs.
            from connectors.erp.soap.simulator_service import application

            self._application = application(self.ledger)
        said: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            said.update(status=int(status[:3]), headers=headers)

        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": request.url.path,
            "QUERY_STRING": "",
            "SERVER_NAME": request.url.host,
            "SERVER_PORT": str(request.url.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_SOAPACTION": request.headers.get("soapaction", ""),
            "wsgi.url_scheme": request.url.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        content = b"".join(self._application(environ, start_response))
        headers = [(name, value) for name, value in said["headers"] if name.lower() != "content-length"]
        return httpx.Response(said["status"], headers=headers, content=content)
