"""A wire that can break: carries connections to a server and cuts the next one after so many bytes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class CuttingProxy:
    """Listens on a port of 127.0.0.1 for as long as the block lasts."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._left: int | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="cutting-proxy", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end(self._listener, *self._open)

    def cut_after(self, count: int) -> None:
        """Break the connection once so many more bytes have gone to the server."""
        self._left = count

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._open += [near, far]
                for end in (near, far):  # or each small packet waits 40 ms for the answer to the one before
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(*pair, pair[0] is near), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                if counted and self._left is not None:
                    self._left -= len(data)
                    if self._left < 0:
                        self._left = None
                        break
                target.sendall(data)
        self._end(source, target)

    @staticmethod
    def _end(*sockets: socket.socket) -> None:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
