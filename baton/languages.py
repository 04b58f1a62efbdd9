"""Which languages pages for people are in; that each of them says everything is held by the tests of the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en", "ja", "ko"]
LANGUAGES: Final[Mapping[Language, str]] = {"zh": "中文", "en": "English", "ja": "日本語", "ko": "한국어"}
"""Code -> what the language calls itself."""
TAGS: Final[Mapping[str, str]] = {"zh": "zh-CN", "en": "en", "ja": "ja", "ko": "ko"}
"""Code -> what a page says it is in."""
