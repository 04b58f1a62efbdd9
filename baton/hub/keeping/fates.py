"""What becomes of each sealed column when somebody is erased. A test fails on a column that nobody has thought of."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Fate(StrEnum):
    """What an erasure does to a kind of personal data."""

    AT_ONCE = "at_once"
    """Taken out with the erasure."""
    HANDOVER_RECORD = "handover_record"
    """Who handed over and accepted what: kept as long as `retention.handovers_years` says, then blanked."""
    PAYMENT_RECORD = "payment_record"
    """Who was paid what on which account: kept as long as `retention.payments_years` says, then blanked."""
    STAGED_RECORD = "staged_record"
    """Copies of a migration's records: deleted as a whole when that run's own retention ends."""
    DERIVED = "derived"
    """Marks of what was read last, made anew by the next reading: dropped as a whole whenever anybody is erased."""
    COMPANY = "company"
    """The company's own figures and accounts: nobody's personal data, sealed all the same."""

    @property
    def kept(self) -> bool:
        """True where law has us keep it for a time."""
        return self in (Fate.HANDOVER_RECORD, Fate.PAYMENT_RECORD)


FATES: Final[Mapping[str, Fate]] = MappingProxyType(
    {
        "person_versions": Fate.AT_ONCE,
        "effects": Fate.AT_ONCE,
        "cases": Fate.HANDOVER_RECORD,
        "case_items": Fate.HANDOVER_RECORD,
        "item_versions": Fate.HANDOVER_RECORD,
        "statements": Fate.HANDOVER_RECORD,
        "alerts": Fate.HANDOVER_RECORD,
        "pay_lines": Fate.PAYMENT_RECORD,
        "bank_events": Fate.PAYMENT_RECORD,
        "recovery_cases": Fate.PAYMENT_RECORD,
        "recovery_entries": Fate.PAYMENT_RECORD,
        "settlements": Fate.PAYMENT_RECORD,
        "told_lines": Fate.DERIVED,
        "migrations": Fate.STAGED_RECORD,
        "pay_runs": Fate.COMPANY,
        "pay_files": Fate.COMPANY,
        "bank_differences": Fate.COMPANY,  # by references, which name nobody once a line is blank
        "pay_comparisons": Fate.COMPANY,
    }
)
"""Table with a sealed column -> its fate."""
