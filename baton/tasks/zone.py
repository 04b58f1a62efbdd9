"""In which time zone a DAG's hours are meant: the hub's own, read off ``systems.yaml`` each time a DAG is parsed."""

from __future__ import annotations

from pydantic import ValidationError

from baton.errors import ConfigurationError
from baton.settings import locate
from baton.settings_shape import HubPart
from baton.strict_yaml import read


def hub_zone() -> str:
    """``hub.time_zone`` (IANA); what it is where nobody says while it cannot be read: a DAG must be parsed in any case.

    Nothing else of the file is looked at: a fault elsewhere in it must not move the night.
    """
    try:
        named = read(locate()).node(("hub", "time_zone"))
        return HubPart.model_validate({"time_zone": named.plain()} if named else {}).time_zone
    except (ConfigurationError, ValidationError):
        return HubPart().time_zone
