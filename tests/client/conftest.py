"""A server that says exactly the bytes it is told, over a real socket, and an authority for throw-away certificates."""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from baton.client import Client, Limits
from baton.egress import EgressRule


class RawServer:
    """Calls ``behave(connection, request head)`` for every connection; remembers the heads."""

    def __init__(self, behave, context=None):
        self.behave = behave
        self.heads = []
        self.connections = 0
        self._context = context
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.origin = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.origin}/x"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def stopping(self):
        return self._stop.is_set()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            opened.enter_context(contextlib.closing(connection))
            connection.settimeout(5)
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                opened.enter_context(contextlib.closing(connection))
            head = b""
            while b"\r\n\r\n" not in head:
                got = connection.recv(65536)
                if not got:
                    return
                head += got
            self.heads.append(head)
            self.behave(self, connection, head)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(0.2)
                while connection.recv(65536):
                    pass

    def dribble(self, connection, data, every=0.05):
        """One byte at a time, for as long as anybody listens."""
        for n in range(len(data)):
            if self.stopping:
                return
            connection.sendall(data[n : n + 1])
            time.sleep(every)

    def close(self):
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=2)


@pytest.fixture
def raw():
    """Start a `RawServer`; bytes instead of a function are simply said."""
    started = []

    def start(behave, context=None):
        if isinstance(behave, bytes):
            said = behave
            behave = lambda _server, connection, _head: connection.sendall(said)  # noqa: E731
        server = RawServer(behave, context)
        started.append(server)
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture
def client_for():
    """A `Client` that may reach one raw server."""
    made = []

    def make(server, **limits):
        more = {name: limits.pop(name) for name in ("limiter", "clock", "ca_bundle", "rule") if name in limits}
        rule = more.pop("rule", None) or EgressRule(frozenset({server.origin}), allow_private=True)
        made.append(Client(rule, limits=Limits(**limits), **more))
        return made[-1]

    yield make
    for client in made:
        client.close()


class Authority:
    """A certificate authority of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "synthetic authority")])
        self.cert = self._sign(self.name, self.key, None)
        self.bundle = folder / "ca.pem"
        self.bundle.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, names):
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server_context(self, *names):
        """A server's TLS context with a certificate for these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [
            x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
        ]
        cert = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]), key, alternatives)
        file = self.folder / f"{names[0]}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + cert.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))
