"""The relay as the laws meet it: an independent SMTP server on this machine, a fresh one for every bench."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from connectors.mail.smtp.simulator import Simulator


@contextmanager
def counterparts(scratch: Path) -> Iterator[Callable[[], Simulator]]:
    """Relays with STARTTLS and a login, all closed at the end."""
    numbers = itertools.count(1)
    with ExitStack() as relays:

        def make() -> Simulator:
            place = scratch / f"relay-{next(numbers)}"
            place.mkdir()
            return relays.enter_context(Simulator(place))

        yield make
