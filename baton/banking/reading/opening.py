"""The first look at a message: what it is, and whether it keeps to its schema."""

from __future__ import annotations

from collections.abc import Collection

from baton.banking.reading.leniency import Leniency
from baton.banking.refused import BankFileRefusedError
from baton.banking.xml_stream import Survey, XmlFile
from baton.errors import Fault


def opened(file: XmlFile, wanted: Collection[str], families: tuple[str, ...], leniency: Leniency) -> Survey:
    """See a whole message of one of these families (``pain.002``) through before anything of it is read.

    Faults against the schema, and that there is no schema to compare with, are the leniency's business.
    """
    survey = file.survey(wanted)
    message = survey.root.message
    if survey.root.name != "Document" or (message and not message.startswith(families)):
        raise BankFileRefusedError(Fault(file.name, "other_message", f"is no {' or '.join(families)}"))
    for fault in survey.faults:
        leniency.note(fault)
    if not survey.schema:
        what = f"{message} has no schema here" if message else "the message does not say which version it is"
        leniency.note(Fault(file.name, "no_schema", f"{what}, it was compared with none"))
    return survey
