"""Text as the bytes of a bank's encoding, and back: the one place where what Python's codecs hold is set right.

Python reads two bytes of GB 2312 otherwise than GBK and GB 18030 do, and than those who write it: A1A4 as the Japanese
middle dot (U+30FB) and not as that of Chinese names (U+00B7), A1AA as a bar (U+2015) and not as a dash (U+2014). Here
these bytes are the Chinese characters. The other two cannot be written, as in GBK: they would be read as other ones.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

_GB2312: Final = "gb2312"
_EXCHANGED: Final = str.maketrans("\u00b7\u2014\u30fb\u2015", "\u30fb\u2015\u00b7\u2014")


def encoded(text: str, encoding: str) -> bytes:
    """Strictly encoded: `UnicodeEncodeError`, with the place in the text, for a character that the encoding lacks."""
    return text.translate(_EXCHANGED).encode(_GB2312) if encoding == _GB2312 else text.encode(encoding)


def decoder(encoding: str) -> codecs.IncrementalDecoder:
    """A strict decoder of an encoding by any of its names. LookupError where there is no such encoding."""
    if codecs.lookup(encoding).name == _GB2312:
        return _Gb2312()
    return codecs.getincrementaldecoder(encoding)("strict")


class _Gb2312(codecs.IncrementalDecoder):
    """Python's, with the two characters exchanged."""

    def __init__(self) -> None:
        super().__init__("strict")
        self._python = codecs.getincrementaldecoder(_GB2312)("strict")

    def decode(self, input: Any, final: bool = False) -> str:  # noqa: A002 (the codec's own name for it)
        """The text of the next bytes. `UnicodeDecodeError` for what is none."""
        return self._python.decode(input, final).translate(_EXCHANGED)
