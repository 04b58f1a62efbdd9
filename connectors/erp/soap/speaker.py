"""Calling operations: one parsed contract per connector, one pair of zeep clients per thread."""

# zeep annotates its classes but not their constructors.
# mypy: allow-untyped-calls

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import zeep
import zeep.exceptions
from zeep.helpers import serialize_object

from baton.sdk import Client, ConnectorError, HaltError, InDoubtError, Intent, RejectedError, RetryableError
from connectors.erp.soap import template, wire
from connectors.erp.soap.contract import ZEEP_SETTINGS, Contract, LocalFiles
from connectors.erp.soap.settings import SoapSettings
from connectors.erp.soap.transport import SoapTransport


class Speaker:
    """Speaks the ERP's contract. Thread-safe: zeep's clients are not known to be, so each thread has its own pair."""

    def __init__(self, settings: SoapSettings, client: Client) -> None:
        self._settings = settings
        self._client = client
        self._contract: Contract | None = None
        self._loading = threading.Lock()
        self._own = threading.local()

    def contract(self) -> Contract:
        """The parsed contract, loaded and checked against the settings once; raises `HaltError` with every fault."""
        with self._loading:
            if self._contract is None:
                settings = self._settings
                contract = Contract(LocalFiles(settings.wsdl, settings.sha256), settings.binding)
                faults = template.faults(contract, settings.operations, settings.confirmation)
                if faults:
                    raise HaltError(
                        "the settings do not fit the WSDL: " + "; ".join(faults),
                        code="template",
                        remedy="correct operations and confirmation of this system in systems.yaml",
                    )
                self._contract = contract
            return self._contract

    def call(self, operation: str, values: Mapping[str, Any], intent: Intent) -> Any:
        """Call an operation with values by path; returns the answer as nested mappings. Raises connector errors."""
        transport, service = self._service(intent)
        transport.posted = False
        try:
            answer = service[operation](**template.filled(values))
        except zeep.exceptions.Fault as fault:
            settings = self._settings
            raise wire.fault_error(fault, intent, settings.fault_detail, settings.fault_codes) from None
        except (zeep.exceptions.Error, TypeError, ValueError, LookupError) as error:
            what = type(error).__name__
            raise (_unreadable(operation, intent, what) if transport.posted else _unfit(operation, what)) from None
        return self._whole(operation, serialize_object(answer, dict))

    def _whole(self, operation: str, answer: Any) -> Any:
        """Zeep hands out the only child of an answer in place of the answer; settings name paths below the answer."""
        element = self.contract().element(operation, reply=True)
        children = [name for name, _ in element.type.elements] if element is not None else []
        return {children[0]: answer} if len(children) == 1 else answer

    def _service(self, intent: Intent) -> tuple[SoapTransport, Any]:
        contract = self.contract()
        services = self._own.__dict__.setdefault("services", {})
        if intent not in services:
            settings = self._settings
            transport = SoapTransport(
                self._client,
                contract,
                intent,
                username=settings.username,
                password=settings.password.get_secret_value(),
                timeout_s=settings.timeout_s,
            )
            client = zeep.Client(contract.document, transport=transport, settings=zeep.Settings(**ZEEP_SETTINGS))
            services[intent] = transport, client.create_service(contract.binding.name.text, settings.service_url)
        found: tuple[SoapTransport, Any] = services[intent]
        return found


def _unfit(operation: str, what: str) -> ConnectorError:
    return RejectedError(
        f"no {operation} message can be made of these fields ({what})",
        code="message",
        remedy="a required element has no value: complete the record in HR, or the mapping",
    )


def _unreadable(operation: str, intent: Intent, what: str) -> ConnectorError:
    kind = InDoubtError if intent is Intent.WRITE else RetryableError
    return kind(f"the answer to {operation} cannot be read ({what})", code="garbled")
