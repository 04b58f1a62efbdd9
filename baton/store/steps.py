"""The columns that every step of an effect writes: where it stands from now on, and since when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from baton.model.effect import EffectState
from baton.store.tables import effects


def step_to(after: EffectState, at: datetime) -> dict[str, Any]:
    """The columns of an UPDATE that brings effects into a state, or leaves those in it that are: they keep their time.

    Asked about again, something is not in doubt, or promised, for any less time.
    """
    stays = effects.c.state == after.value
    since = sa.case((stays, effects.c.state_since), else_=sa.literal(at, effects.c.state_since.type))
    return {"state": after.value, "state_since": since}
