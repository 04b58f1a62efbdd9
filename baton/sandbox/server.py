"""All simulators on one port of 127.0.0.1, told apart by their URL prefixes, each with a fault switch.

``GET /__sandbox__/`` lists the systems; ``POST /__sandbox__/faults`` arranges mishaps:
``{"system": "crm", "mishap": "429", "calls": 3, "skip": 0, "retry_after_s": 1, "delay_s": 1.0}``, and
``{"system": "crm", "clear": true}`` ends them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

import httpx
import orjson

from baton.errors import ConfigurationError, Fault
from baton.registry import Registry
from baton.sandbox.switch import Arranged, DropConnectionError, FaultSwitch, Mishap, after_acting, before_acting

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
CONTROL: Final = "/__sandbox__/"
_IDLE_S: Final = 30
_CONNECTION_HEADERS: Final = frozenset({"connection", "content-length", "transfer-encoding", "date", "server"})


class SandboxServer:
    """A running sandbox. ``base_url`` has no path: the simulators' prefixes tell them apart."""

    def __init__(self, port: int = 0) -> None:
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.sandbox = self
        self.port: int = self._http.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.simulators: dict[str, Any] = {}
        self.switches: dict[str, FaultSwitch] = {}
        self._prefixes: dict[str, str] = {}
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def add(self, system: str, simulator: Any) -> None:
        """Serve one more simulator. Two simulators must not claim the same paths."""
        for prefix in simulator.prefixes:
            for taken, owner in self._prefixes.items():
                if prefix.startswith(taken) or taken.startswith(prefix):
                    message = f"{system} and {owner} both serve {min(prefix, taken, key=len)}; use a second sandbox"
                    raise ConfigurationError([Fault("sandbox", "prefix", message)])
        self._prefixes.update(dict.fromkeys(simulator.prefixes, system))
        self.simulators[system] = simulator
        self.switches[system] = FaultSwitch()

    def arrange(
        self,
        system: str,
        mishap: Mishap | str,
        *,
        calls: int = 1,
        skip: int = 0,
        retry_after_s: int = 1,
        delay_s: float = 1.0,
    ) -> None:
        """Let the next calls to a system meet a mishap."""
        self.switches[system].arrange(Arranged(Mishap(mishap), calls, skip, retry_after_s, delay_s))

    def clear(self, system: str) -> None:
        """End a system's mishaps."""
        self.switches[system].clear()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering and give the port back."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One exchange, as it comes out of the wire. Raises `DropConnectionError` when there is to be no answer."""
        path = request.url.path
        if path.startswith(CONTROL):
            return self._control(request)
        system = next((owner for prefix, owner in self._prefixes.items() if path.startswith(prefix)), None)
        if system is None:
            return httpx.Response(
                404, json={"error": "no simulator serves this path", "prefixes": list(self._prefixes)}
            )
        arranged = self.switches[system].take()
        instead = before_acting(arranged)
        if instead is not None:
            return instead
        answer: httpx.Response = self.simulators[system].handle(request)
        return after_acting(arranged, answer)

    def _control(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            systems = {
                system: {"prefixes": list(self.simulators[system].prefixes), "pending": switch.pending}
                for system, switch in self.switches.items()
            }
            return httpx.Response(200, json={"systems": systems, "mishaps": [mishap.value for mishap in Mishap]})
        try:
            asked = orjson.loads(request.content)
            system = asked.pop("system")
            if asked.pop("clear", False):
                self.clear(system)
            if asked:
                self.arrange(system, **asked)
        except KeyError as error:
            return httpx.Response(404, json={"error": f"unknown: {error}"})
        except (ValueError, TypeError, AttributeError) as error:
            return httpx.Response(400, json={"error": str(error)})
        return httpx.Response(200, json={"system": system, "pending": self.switches[system].pending})


@contextmanager
def serve(simulators: Mapping[str, Any] | None = None, *, port: int = 0) -> Iterator[SandboxServer]:
    """A sandbox that answers while the block runs.

    A value may be a simulator or a function that makes one from the base URL (``{"crm": Simulator}``): use the latter
    where the simulator gives out URLs.
    """
    server = SandboxServer(port)
    try:
        for system, given in (simulators or {}).items():
            server.add(system, given(server.base_url) if callable(given) else given)
        server.start()
        yield server
    finally:
        server.close()


def simulators_of(
    connectors: Mapping[str, str], *, registry: Registry | None = None
) -> dict[str, Callable[[str], Any]]:
    """For `serve`: system name -> simulator class, given system name -> connector name."""
    found = registry or Registry()
    classes = {system: found.simulator(connector) for system, connector in connectors.items()}
    missing = [
        Fault(f"{found.folder(connectors[system])}", "no_simulator", f"{system} has no simulator.py to serve")
        for system, simulator in classes.items()
        if simulator is None or not hasattr(simulator, "handle")
    ]
    if missing:
        raise ConfigurationError(missing)
    return cast("dict[str, Callable[[str], Any]]", classes)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    sandbox: SandboxServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-exchange is part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    disable_nagle_algorithm = True
    server: _Server

    def _exchange(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY_BYTES or "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            self._send(httpx.Response(413, content=b"the sandbox takes bodies of a stated length only"))
            self.close_connection = True
            return
        request = httpx.Request(
            self.command,
            f"{self.server.sandbox.base_url}{self.path}",
            headers=list(self.headers.items()),
            content=self.rfile.read(length),
        )
        try:
            self._send(self.server.sandbox.answer(request))
        except DropConnectionError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 - a simulator's own fault must be seen, not hang the client
            self._send(httpx.Response(599, content=f"the simulator failed: {type(error).__name__}: {error}".encode()))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _exchange  # noqa: N815 - the base class calls them so

    def _send(self, answer: httpx.Response) -> None:
        body = answer.read()
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in _CONNECTION_HEADERS and name.lower() != "content-encoding":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: paths may carry employee numbers."""
