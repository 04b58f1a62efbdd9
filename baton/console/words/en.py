"""English: the texts are their own keys, but for words of the hub's that are no words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "in_doubt": "in doubt",
}
