"""Lines that a bank names by where they stand in the file, because its layout has no room for a reference of ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

PLACE: Final = re.compile(r"[0-9]{1,8}", re.ASCII)
LineOf: TypeAlias = Callable[[str, int], str]
"""The end-to-end reference of an order's line, by our message id and its place (from 1); empty when there is none."""
