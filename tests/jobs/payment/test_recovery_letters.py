"""Templates: ours are whole, one's own are checked before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.jobs.payment.recovery_letters import BLANKS, LANGUAGES, templates


def test_ours_fill_every_blank_they_have_and_name_all_that_matter() -> None:
    found = templates()
    assert tuple(found) == LANGUAGES
    for text in found.values():
        assert all(f"{{{blank}}}" in text for blank in BLANKS)


def test_ones_own_replaces_ours_in_its_language(tmp_path: Path) -> None:
    (tmp_path / "overpaid.en.txt").write_text("About {case}\n\nPlease return {open}.\n", "utf-8")
    found = templates(tmp_path)
    assert found["en"].startswith("About {case}")
    assert found["zh"] == templates()["zh"]


@pytest.mark.parametrize("text", ["{salary}", "{0}", "{", "{case.id}", "{case!r:{width}}"])
def test_a_template_with_a_blank_that_nothing_fills_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "overpaid.zh.txt").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=r"overpaid\.zh\.txt"):
        templates(tmp_path)
