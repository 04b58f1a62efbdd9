"""Settings and mappings as YAML, numbers 25 to 33: data only, every scalar text, every fault at its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from baton import strict_yaml
from baton.errors import ConfigurationError
from baton.mapping.load import load_mapping
from baton.settings import load
from baton.settings_shape import SystemsFile
from tests.hostile.ground import PERSONAL, Ground, hostile
from tests.rig.company import HR_MAPPING

SYSTEMS = "hub: {state_dir: state}\nsystems: {}\n"


def settings(path: Path) -> Any:
    """``systems.yaml`` as the hub loads it."""
    return load(path, environ={})


def mapping(path: Path) -> Any:
    """A mapping as the hub loads it."""
    return load_mapping(path, source_fields=None, target_fields=None)


def faults(ground: Ground, text: str | bytes, read: Any = settings) -> dict[str, str]:
    """Rule -> place of every fault that a file is refused for."""
    error = ground.refusal(read, ground.write("systems.yaml", text))
    assert isinstance(error, ConfigurationError)
    # The reader of mappings puts "yaml." before the rules of the language itself.
    return {fault.rule.removeprefix("yaml."): fault.place.rpartition("/")[2] for fault in error.faults}


OBJECTS = {
    "python": "!!python/object/apply:os.system ['touch evil']",
    "module": "!!python/name:os.system",
    "own": "!Evil {a: b}",
    "set": "!!set {a, b}",
}


@hostile(25, "a tag that makes an object", **OBJECTS)
def is_refused_at_its_line(ground: Ground, value: str) -> None:
    for read in (settings, mapping):
        assert faults(ground, f"hub:\n  state_dir: {value}\n", read)["tag"] == "systems.yaml:2"
    assert not (ground.folder / "evil").exists()


@hostile(26, "aliases that grow with every level")
def are_refused_at_the_first(ground: Ground) -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    found = faults(ground, f"a0: &a0 [{PERSONAL}]\n{levels}\n")
    assert {"anchor", "alias"} <= set(found)


@hostile(27, "5,000 levels", lists="[", tables="{a: ", dashes="- ", keys="? ")
def are_refused_as_too_deep(ground: Ground, opening: str) -> None:
    assert "too_deep" in faults(ground, opening * 5000)


@hostile(28, "scalars that YAML makes something else of", country="NO", octal="0123", sexagesimal="12:34:56", null="~")
def stay_the_text_they_are(ground: Ground, text: str) -> None:
    document = ground.result(strict_yaml.parse, f"a: {text}\n".encode(), "x.yaml")
    assert document.plain() == {"a": text}
    assert document.faults == ()


@hostile(29, "one key twice", plain="state_dir", quoted='"state_dir"')
def is_refused_at_the_second(ground: Ground, key: str) -> None:
    text = f"hub:\n  state_dir: a\n  {key}: b\nsystems: {{}}\n"
    assert faults(ground, text)["duplicate_key"] == "systems.yaml:3"


@hostile(30, "a merge key that brings something along")
def is_refused(ground: Ground) -> None:
    found = faults(ground, "base: &b {enabled: true}\nsystems:\n  crm:\n    <<: *b\n    connector: crm/salesforce\n")
    assert found["merge"] == "systems.yaml:4"


@hostile(31, "several documents in one file")
def are_refused_at_the_second(ground: Ground) -> None:
    for read, rule in ((settings, "several_documents"), (mapping, "documents")):
        assert faults(ground, f"{SYSTEMS}---\n{SYSTEMS}", read)[rule] == "systems.yaml:3"


SHAPES = {
    "tab": ("hub:\n\tstate_dir: a\n", "syntax"),
    "control_character": ("hub: {state_dir: a\x07}\n", "syntax"),
    "no_utf8": (b"hub: {state_dir: \xff}\n", "encoding"),
    "utf16": ("hub: {}\n".encode("utf-16"), "encoding"),
    "directive": ("%YAML 1.1\n---\nhub: {}\n", "directive"),
    "nothing_but_a_list": ("- hub\n", "shape"),
    "unknown_key": ("hub: {}\nsystms: {}\nsystems: {}\n", "unknown_key"),
    "threshold_misspelt": ("gate:\n  run: {share: 2%, at_lest: 5, at_most: 9}\nsystems: {}\n", "unknown_key"),
}


@hostile(32, "tabs, 50 MB, other encodings and unknown keys", **SHAPES)
def are_refused(ground: Ground, given: tuple[str | bytes, str]) -> None:
    text, rule = given
    assert rule in faults(ground, text)


@hostile(32, "tabs, 50 MB, other encodings and unknown keys", one_text="a", comment="#", list_of_texts="- a\n")
def fifty_megabytes_are_not_read_to_their_end(ground: Ground, piece: str) -> None:
    assert "too_large" in faults(ground, piece * (50_000_000 // len(piece)))


@hostile(32, "tabs, 50 MB, other encodings and unknown keys")
def just_below_the_cap_the_number_of_values_counts(ground: Ground) -> None:
    found = faults(ground, f"a: [{'x,' * (strict_yaml.MAX_BYTES // 2 - 10)}]\n")
    assert "too_large" in found


@hostile(32, "tabs, 50 MB, other encodings and unknown keys")
def a_mapping_with_a_word_it_does_not_know(ground: Ground) -> None:
    found = faults(ground, HR_MAPPING.replace("{from: title}", "{form: title}"), mapping)
    assert "unknown_key" in found


LIMITS = {
    "negative": "-1",
    "thousand_percent": "1000%",
    "infinite": ".inf",
    "not_a_number": ".nan",
    "word": "two percent",
    "missing": "",
    "list": "[1%]",
    "exponent": "1e3",
}


@hostile(33, "a threshold that is none", **LIMITS)
def is_refused_by_its_name(ground: Ground, value: str) -> None:
    text = f"gate:\n  run:\n    share: {value}\n    at_least: 5\n    at_most: 9\nsystems: {{}}\n"
    found = faults(ground, text)
    assert set(found.values()) <= {"systems.yaml:2", "systems.yaml:3"}


@hostile(33, "a threshold that is none", negative="-1", many="99999999999", half="0.5", word="many", infinite=".inf")
def count_that_is_none_is_refused(ground: Ground, value: str) -> None:
    text = f"gate:\n  run:\n    share: 2%\n    at_least: {value}\n    at_most: {value}\nsystems: {{}}\n"
    assert set(faults(ground, text).values()) <= {"systems.yaml:4", "systems.yaml:5"}


@hostile(33, "a threshold that is none")
def zero_is_the_strictest_there_is_and_a_guard_cannot_be_switched_off(ground: Ground) -> None:
    document = strict_yaml.parse(b"gate: {run: {share: 0%, at_least: 0, at_most: 0}}\nsystems: {}\n", "x")
    parts = ground.result(SystemsFile.model_validate, document.plain())
    assert parts.gate.run.limit(10_000) == 0
    for value in ("0", "-1", ".inf"):
        ground.no_value(SystemsFile.model_validate, {"sources": {"guards": {"stale_after_h": value}}, "systems": {}})
