"""The pages of a handover on a real server, for browsers and clients: no Airflow, links for everybody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from baton.console.handover.app import standalone
from baton.hub import Hub


@contextmanager
def served(app: Any, *, access_log: bool = False) -> Iterator[str]:
    """The base URL under which an application answers while the block runs."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)  # whoever connects before the server is up waits for it
    config = uvicorn.Config(app, log_config=None, lifespan="off", access_log=access_log)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def plain_client(address: str) -> httpx.Client:
    """Whoever visits such a server, without reading the machine's list of CAs first: there is no TLS here."""
    return httpx.Client(base_url=address, timeout=30, verify=False)


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The address for ``offboarding.address`` under which the link pages of a hub are served."""
    with served(standalone(lambda: hub)) as address:
        yield address
