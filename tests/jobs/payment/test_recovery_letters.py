"""Templates: ours are whole, one's own are checked before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from baton.errors import ConfigurationError
from baton.jobs.payment.recovery_letters import BLANKS, LANGUAGES, templates, written


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


def test_a_mark_that_an_editor_puts_in_front_is_no_part_of_the_subject(tmp_path: Path) -> None:
    (tmp_path / "overpaid.en.txt").write_text("About your pay\n\nDear {name}, {amount}.\n", encoding="utf-8-sig")
    letter = written("en", templates(tmp_path)["en"], {"name": "A", "amount": "1.00"})
    assert (letter.subject, letter.text) == ("About your pay", "Dear A, 1.00.")


@pytest.mark.parametrize("text", ["", "\n \n", "About your pay\n", "\n\nDear {name}\n"])
def test_a_template_without_a_subject_or_a_text_is_refused(tmp_path: Path, text: str) -> None:
    """It would be a letter that says nothing, and the time to answer it would run all the same."""
    (tmp_path / "overpaid.zh.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"overpaid\.zh\.txt: has no subject in its first line, or nothing"):
        templates(tmp_path)


def test_a_folder_that_is_not_there_does_not_mean_that_ours_are_wanted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"letters: there is no such folder"):
        templates(tmp_path / "letters")


def test_a_template_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "overpaid.zh.txt"
    own.write_text("{case}\n\n{open}", "utf-8")

    def refused(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(ConfigurationError, match=r"overpaid\.zh\.txt: cannot be read: Permission denied"):
        templates(tmp_path)
