"""ISO 20022's words for where a payment stands (external code sets of 2Q2026), in ours. Two literal tables.

``ACSC`` is no proof that anybody has the money: the code set itself says that it is "not for financial information".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from baton.model.bank_answers import BankState

TRANSACTION_STATES: Final[Mapping[str, BankState]] = MappingProxyType(
    {
        "RCVD": BankState.RECEIVED,
        "RCVC": BankState.RECEIVED,  # payee verified, nothing differs
        "RVNA": BankState.RECEIVED,  # verification not applicable
        "RVMC": BankState.PENDING,  # payee nearly matches: somebody has to say whether it goes on
        "RVNM": BankState.PENDING,  # payee does not match
        "RVCM": BankState.PENDING,
        "RVNC": BankState.PENDING,  # verification not finished
        "ACTC": BankState.ACCEPTED,
        "ACCP": BankState.ACCEPTED,
        "ACFC": BankState.ACCEPTED,
        "ACSP": BankState.ACCEPTED,
        "ACWC": BankState.ACCEPTED,
        "ACWP": BankState.ACCEPTED,  # taken, and not posted to the payee
        "ACPD": BankState.ACCEPTED,  # accepted by the clearing
        "ACIS": BankState.ACCEPTED,  # a cheque was issued
        "ACFW": BankState.PENDING,  # waits for the payer's confirmation
        "PATC": BankState.PENDING,  # waits for more signatures
        "PDNG": BankState.PENDING,
        "PRES": BankState.PENDING,
        "ACSC": BankState.DEBITED,
        "ACCC": BankState.PAID,
        "CPUC": BankState.PAID,  # the payee has picked up the cash
        "RJCT": BankState.REJECTED,
        "BLCK": BankState.BLOCKED,
        "CANC": BankState.CANCELLED,
    }
)
"""``ExternalPaymentTransactionStatus1Code``: of one line."""
GROUP_STATES: Final[Mapping[str, BankState]] = MappingProxyType(
    {
        "RCVD": BankState.RECEIVED,
        "RCVC": BankState.RECEIVED,
        "RVCM": BankState.PENDING,
        "RVNC": BankState.PENDING,
        "PDNG": BankState.PENDING,
        "ACTC": BankState.ACCEPTED,
        "ACCP": BankState.ACCEPTED,
        "ACSP": BankState.ACCEPTED,
        "ACWC": BankState.ACCEPTED,
        "ACSC": BankState.DEBITED,
        "ACCC": BankState.PAID,
        "PART": BankState.PARTIAL,
        "RJCT": BankState.REJECTED,
    }
)
"""``ExternalPaymentGroupStatus1Code``: of a file or a batch."""
