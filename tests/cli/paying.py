"""``baton pay …`` in this process, as people type it."""

import io
from contextlib import redirect_stderr, redirect_stdout

from baton.cli.main import execute
from tests.cli.conftest import Said


def baton(*arguments, lang="en"):
    """What the command says and how it ends."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(["--lang", lang, "pay", *map(str, arguments)])
    return Said(code, *(stream.buffer.getvalue().decode("utf-8") for stream in (out, err)))
