"""Make the font of the certificates from Noto Sans CJK: one face, one glyph for each character, nothing else.

    python tools/font.py NotoSansCJK-Regular.ttc baton/jobs/offboarding/certificate/font/NotoSansCJKsc-Regular.otf

The same source (version 2.004) and the same fontTools give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection

FACE = "Noto Sans CJK SC"
NEVER_USED = ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx"]
"""Tables for vertical lines and alternative forms."""


def main() -> None:
    """Read the collection, write the subset."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("source", type=Path, help="a collection (.ttc) that holds the face")
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    faces = TTCollection(given.source, lazy=True).fonts
    face = next(font for font in faces if font["name"].getDebugName(4) == FACE)
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, name_IDs=["*"], recalc_timestamp=False
    )
    options.drop_tables += NEVER_USED
    face.recalcTimestamp = False
    subsetter = subset.Subsetter(options)
    characters = face.getBestCmap()
    subsetter.populate(unicodes=characters)
    subsetter.subset(face)
    face.save(given.target)
    print(f"{given.target}: {len(characters)} characters, {given.target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
