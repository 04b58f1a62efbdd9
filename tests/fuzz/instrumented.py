"""Baton's own modules, imported so that atheris sees which branches an input takes."""

from __future__ import annotations

from importlib import import_module
from typing import Final

_TABLES: Final = tuple(
    f"baton.tables.{name}"
    for name in (
        *("archive", "cell_values", "delimited", "encoding", "grammar", "header", "kind", "number_formats"),
        *("shared_strings", "sheet_cells", "sheets", "table", "workbook", "xml_section"),
    )
)
_BANKING: Final = tuple(
    f"baton.banking.{name}"
    for name in (
        *("xml_stream", "xml_elements", "reading.amounts", "reading.booking", "reading.delimited", "reading.fields"),
        *("reading.front_end", "reading.opening", "reading.places", "reading.report", "reading.statement"),
    )
)
MODULES: Final = {
    "tables": _TABLES,
    "yaml": ("baton.strict_yaml", "baton.settings_shape", "baton.mapping.document", "baton.mapping.load"),
    "hooks": ("connectors.oa.feishu.events", "connectors.oa.wecom.callbacks", "baton.console.payments.intake"),
    "bank_xml": _BANKING,
    "bank_rows": _BANKING,
    "sealed": (
        "baton.sealed_header",
        "baton.sealed",
        "baton.audit.checkpoint",
        "baton.audit.verify",
        "baton.envelopes.der",
    ),
}
"""Harness -> what it works on. They must not have been imported before."""


def instrument(name: str) -> None:
    """Import the modules of a harness under atheris' eyes."""
    import atheris

    with atheris.instrument_imports(include=["baton", "connectors"], enable_loader_override=False):
        for module in MODULES[name]:
            import_module(module)
