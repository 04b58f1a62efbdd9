"""What lies between zeep and the network: our session, validation on both sides, and one reading of every answer."""

# zeep annotates its classes but not their constructors.
# mypy: allow-untyped-calls

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import zeep
import zeep.exceptions
from lxml import etree
from requests.auth import HTTPBasicAuth
from zeep.loader import parse_xml
from zeep.transports import Transport

from baton.sdk import Client, HaltError, Intent, RejectedError, Response
from connectors.erp.soap.contract import ZEEP_SETTINGS, Contract

XML_TYPES: Final = ("text/xml", "application/soap+xml", "application/xml")
ENVELOPES: Final[Mapping[str, str]] = {
    "{http://schemas.xmlsoap.org/soap/envelope/}Envelope": "{http://schemas.xmlsoap.org/soap/envelope/}",
    "{http://www.w3.org/2003/05/soap-envelope}Envelope": "{http://www.w3.org/2003/05/soap-envelope}",
}
FAULT_STATUSES: Final = (200, 400, 500)
"""HTTP statuses under which SOAP 1.1 and 1.2 carry an envelope; any other status is judged as HTTP alone."""


class SoapTransport(Transport):
    """Sends for one intent, in one thread. It never logs an envelope: they hold personal data."""

    def __init__(
        self, client: Client, contract: Contract, intent: Intent, *, username: str, password: str, timeout_s: float
    ) -> None:
        super().__init__(session=client.session(intent=intent), timeout=timeout_s, operation_timeout=timeout_s)
        self.session.adapters.pop("file://")  # zeep mounts it; the contract is loaded elsewhere
        self.session.auth = HTTPBasicAuth(username.encode(), password.encode())
        self._contract = contract
        self._intent = intent
        self.posted = False
        """Whether a message of the call under way has left: before that, an error of zeep's means nothing happened."""
        self._zeep_settings = zeep.Settings(**ZEEP_SETTINGS)

    def load(self, url: str) -> bytes:
        raise RejectedError("nothing is loaded while speaking", code="external_reference")

    def get(self, address: str, params: Any, headers: Any) -> requests.Response:
        raise RejectedError("SOAP over GET is not spoken", code="soap_get")

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        envelope = etree.fromstring(message, etree.XMLParser(resolve_entities=False, no_network=True))
        broken = self._contract.violation(_payload(envelope))
        if broken is not None:
            raise RejectedError(
                f"the message would break the ERP's schema ({broken})",
                code="schema",
                remedy="correct this value in HR, or the mapping of this field",
            )
        self.posted = True
        try:
            answer = self.session.post(
                address, data=message, headers=dict(headers), timeout=self.operation_timeout, allow_redirects=False
            )
        except requests.TooManyRedirects:  # the session allows none, and says so by an exception
            raise HaltError(
                "the ERP wants to redirect", code="redirect", remedy="set the final service_url in systems.yaml"
            ) from None
        self._examine(answer)
        return answer

    def _examine(self, answer: requests.Response) -> None:
        """Return only if zeep will find one body with one valid payload, or one fault."""
        headers = {name.lower(): value for name, value in answer.headers.items()}
        host = urlsplit(answer.url).hostname or ""
        response = Response(answer.status_code, headers, answer.content, self._intent, host)
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status not in FAULT_STATUSES or media_type not in XML_TYPES:
            response.raise_for_status()
            raise response.unreadable("is not a SOAP answer")
        try:
            content: Any = response.content  # zeep annotates text and takes bytes
            envelope = parse_xml(content, self, settings=self._zeep_settings)
        except (zeep.exceptions.DTDForbidden, zeep.exceptions.EntitiesForbidden):
            raise response.unreadable("has a DTD or an entity, which SOAP forbids") from None
        except (zeep.exceptions.Error, ValueError):
            response.raise_for_status()
            raise response.unreadable("is not well-formed XML") from None
        payload = _payload(envelope)
        if payload is None:
            response.raise_for_status()
            raise response.unreadable("is not an envelope with one body and one element in it")
        if payload.tag == payload.getparent().tag.removesuffix("Body") + "Fault":
            return
        response.raise_for_status()
        broken = self._contract.violation(payload)
        if broken is not None:
            raise response.unreadable(f"breaks the schema ({broken})")


def _payload(envelope: Any) -> Any | None:
    """The only element of the only body; None when there is another number of either."""
    namespace = ENVELOPES.get(envelope.tag)
    if namespace is None:
        return None
    bodies = [child for child in envelope if child.tag == namespace + "Body"]
    elements = [child for body in bodies for child in body if isinstance(child.tag, str)]
    return elements[0] if len(bodies) == 1 and len(elements) == 1 else None
