"""The ASN.1 reader takes what there is and nothing that is not."""

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.envelopes import der
from baton.envelopes.der import MalformedError

TREES = st.recursive(
    st.binary(max_size=300).map(lambda content: der.element(der.OCTETS, content)),
    lambda inner: st.lists(inner, max_size=4).map(lambda parts: der.sequence(*parts)),
    max_leaves=20,
)


@given(TREES)
def test_what_is_written_is_read_and_no_part_of_it_is(written):
    assert der.read(written).raw == written
    for broken in (written[:-1], written + b"\0", b""):
        with pytest.raises(MalformedError):
            der.read(broken)


@given(st.binary(max_size=60))
def test_anything_is_read_or_malformed(data):
    with contextlib.suppress(MalformedError):
        assert der.read(data).raw == data


def test_hostile_shapes_are_malformed():
    for hostile in (
        b"\x30\x80" * 200 + b"\0\0" * 200,
        b"\x30\x80" + b"\x05\x00" * 200_001 + b"\0\0",
        b"\x04\x80\x00\x00",
        b"\x30\x80\x04\x01x",
        b"\x30\x89" + b"\x01" * 9,
        b"\x1f\x01\x00",
        b"\x04\x84\xff\xff\xff\xff",
    ):
        with pytest.raises(MalformedError):
            der.read(hostile)


def test_numbers_and_names_are_written_as_the_standard_has_them():
    assert der.oid("1.2.840.113549.1.7.1").hex() == "06092a864886f70d010701"
    assert [der.integer(n).hex() for n in (0, 127, 128, 256)] == ["020100", "02017f", "02020080", "02020100"]
    assert der.element(0x04, b"x" * 200)[:3].hex() == "0481c8"


def test_a_file_that_nests_its_content_deeply_is_not_held_once_for_each_level():
    """Before any signature is looked at: whoever can put a file into the bank's folder could fill the memory."""
    content = bytes(4 * 1024 * 1024)
    data = der.element(der.OCTETS, content)
    for _ in range(30):
        data = der.sequence(data)
    tracemalloc.start()
    try:
        node = der.read(data)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(held, peak) < len(content)
    for _ in range(30):
        (node,) = node.items(der.SEQUENCE, 1, 1)
    assert (node.octets(), node.raw[-8:], len(node.raw)) == (content, bytes(8), len(content) + 5)
