"""What the laws listen to: every line of every logger, which is shown to nobody else meanwhile."""

import io
import logging

from baton.kit.laws_troubles import listening


def test_what_is_listened_to_does_not_fill_the_terminal():
    terminal = io.StringIO()
    root = logging.getLogger()
    shown = logging.StreamHandler(terminal)
    root.addHandler(shown)
    try:
        before = root.level, root.handlers[:]
        with listening() as heard:
            logging.getLogger("a.library").debug("which encoding this is")
        assert (root.level, root.handlers) == before
    finally:
        root.removeHandler(shown)
    assert heard.getvalue() == "which encoding this is\n"
    assert terminal.getvalue() == ""
