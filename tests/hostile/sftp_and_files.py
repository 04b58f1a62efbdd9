"""Files and the bank's SFTP server, numbers 56 to 60: strange keys, names, sizes, and answers that do not fit."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncssh

from baton.client import Client
from baton.egress import EgressRule
from baton.errors import HaltError, InDoubtError, RetryableError
from baton.model.account import AccountWrite, Outcome
from baton.sandbox.sftp import AsyncsshServer
from baton.store.bank_answers import BankFile
from connectors.bank.host_to_host.connector import HostToHost
from connectors.bank.host_to_host.remote import FILE_LIMIT_BYTES, Session
from connectors.bank.host_to_host.simulator import Simulator
from tests.connectors.bank.roster_desk import connector, files, outcomes, people
from tests.hostile.csv_files import guard_of, taken
from tests.hostile.ground import Ground, hostile
from tests.rig.clock import VirtualClock
from tests.rig.company import Company
from tests.rig.targets import KeyTarget


@contextmanager
def bank(ground: Ground) -> Iterator[Simulator]:
    """The bank behind asyncssh's server: what is hostile here is what it says, not who says it."""
    with AsyncsshServer(ground.folder / "server") as server:
        yield Simulator(server)


@hostile(56, "a host key that is another one, or of another kind", ed25519="ssh-ed25519", ecdsa="ecdsa-sha2-nistp256")
def sends_nothing(ground: Ground, kind: str) -> None:
    with bank(ground) as there:
        pinned = asyncssh.generate_private_key(kind).export_public_key().decode().strip()
        target = connector(there, host_keys=(pinned,))
        error = ground.refusal(target.provision, people(there, 1))
        assert isinstance(error, HaltError)
        assert error.code == "host_key"
        assert files(there) == []


STRANGE = {
    "line_end": b"ack_a\nb",
    "escape": b"ack_\x1b[2J",
    "no_utf8": b"ack_\xff",
    "reversed": "ack_\u202eb".encode(),
}


@hostile(57, "names of remote files that mean something to somebody", **STRANGE)
def stop_the_listing_without_being_repeated(ground: Ground, name: bytes) -> None:
    with bank(ground) as there, session_with(there) as session:
        Path(os.fsdecode(os.fsencode(there.out) + b"/" + name)).write_bytes(b"x")
        error = ground.refusal(session.names, "out")
        assert error.code == "strange_name"
        assert str(error).isprintable()


@hostile(
    57,
    "names of remote files that mean something to somebody",
    up=b"../x",
    absolute=b"/etc/x",
    nul=b"a\0b",
    long=b"n" * 300,
)
def that_no_file_can_have_stop_the_listing(ground: Ground, name: bytes) -> None:
    with bank(ground) as there, session_with(there) as session:
        entry = asyncssh.SFTPName(name.decode(), attrs=asyncssh.SFTPAttrs(permissions=0o100644))
        session._sftp.scandir = lambda _: _listing(entry)  # type: ignore[method-assign, assignment, return-value]
        assert ground.refusal(session.names, "out").code == "strange_name"


async def _listing(entry: asyncssh.SFTPName) -> AsyncIterator[asyncssh.SFTPName]:
    yield entry


@hostile(
    57, "names of remote files that mean something to somebody", option="ack_-rf", shell="ack_$(id)", quote="ack_';--"
)
def are_labels_and_never_commands_or_local_paths(ground: Ground, name: str) -> None:
    """Two that differ in case only are two; the hub keeps names as text beside a digest, and makes no such file."""
    with bank(ground) as there, session_with(there) as session:
        for each in (name, name.upper()):
            (there.out / each).write_bytes(b"x")
        assert {name, name.upper()} <= ground.result(session.names, "out")
    company = Company(ground.folder, f"sqlite:///{ground.folder}/hub.sqlite3", VirtualClock(), {"crm": KeyTarget})
    with closing(company.open()) as hub, hub.database.write() as connection:
        file = BankFile("bank", name, "report", "0" * 64, hub.clock.now(), counts={})
        ground.result(hub.bank_answers.take, connection, file, [])
        assert hub.bank_answers.known(connection, "bank") == {name}
    assert not [path for path in ground.folder.rglob("*") if path.name == name and path.parent != there.out]


@contextmanager
def session_with(there: Simulator) -> Iterator[Session]:
    """A login at the bank."""
    client = Client(EgressRule.for_urls([there.server.url], allow_private=True))
    settings = HostToHost.Settings(**{**there.settings, **there.secrets})
    with settings.server().session(client) as session:
        yield session


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def growing_roster_is_not_complete_yet(ground: Ground) -> None:
    path = ground.write("roster.csv", "工号,姓名\n0012,测试\n")
    assert guard_or_wait(ground, path, settle_s=60)


def guard_or_wait(ground: Ground, path: Path, **settings: Any) -> bool:
    """Whether a file is left alone for now, or refused."""
    error = ground.refusal(taken, path, **settings)
    return isinstance(error, RetryableError | HaltError) or guard_of(ground, path, **settings) != ""


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def empty_roster_is_refused_and_an_old_one_is_stale(ground: Ground) -> None:
    assert guard_of(ground, ground.write("roster.csv", b"")) == "empty_file"


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def link_to_somewhere_else_is_not_followed(ground: Ground) -> None:
    link = ground.folder / "roster.csv"
    link.symlink_to(ground.treasure)
    assert guard_or_wait(ground, link)


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def pipe_in_the_folder_does_not_hold_the_reader(ground: Ground) -> None:
    os.mkfifo(ground.folder / "roster.csv")
    began = time.monotonic()
    assert guard_or_wait(ground, ground.folder / "roster.csv")
    assert time.monotonic() - began < 2


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def answer_that_vanished_between_list_and_get_is_none(ground: Ground) -> None:
    with bank(ground) as there, session_with(there) as session:
        assert ground.result(session.read, "out/ack_gone") is None
        (there.out / "ack_empty").write_bytes(b"")
        assert ground.result(session.read, "out/ack_empty") == b""


@hostile(58, "files that grow, vanish, are empty, or are links to others")
def answer_beyond_64_mib_is_not_read(ground: Ground) -> None:
    with bank(ground) as there, session_with(there) as session:
        with (there.out / "ack_huge").open("wb") as sparse:
            sparse.truncate(FILE_LIMIT_BYTES + 1)
        error = ground.refusal(session.read, "out/ack_huge")
        assert isinstance(error, HaltError)
        assert error.code == "file_too_large"


@hostile(59, "an upload that ends early", full=asyncssh.FX_QUOTA_EXCEEDED, failure=asyncssh.FX_FAILURE, lost=None)
def leaves_nothing_under_the_final_name(ground: Ground, status: int | None) -> None:
    async def refuse(_session: Session, _part: str, _pieces: Any) -> Any:
        if status is None:
            raise asyncssh.SFTPConnectionLost("synthetic")
        raise asyncssh.SFTPError(status, "synthetic")

    with bank(ground) as there:
        target = connector(there)
        original = Session._write
        Session._write = refuse  # type: ignore[method-assign, assignment]
        try:
            error = ground.refusal(target.provision, people(there, 1))
        finally:
            Session._write = original  # type: ignore[method-assign]
        assert isinstance(error, RetryableError)
        assert [name for name in files(there) if not name.endswith(".part")] == []
        assert outcomes(target.provision(people(there, 1))) == [Outcome.ACCEPTED]


@hostile(59, "an upload that ends early")
def rename_whose_answer_is_lost_is_in_doubt(ground: Ground) -> None:
    async def lost(_session: Session, _part: str, _path: str) -> bool:
        raise asyncssh.SFTPConnectionLost("synthetic")

    with bank(ground) as there:
        target = connector(there)
        original = Session._rename
        Session._rename = lost  # type: ignore[method-assign]
        try:
            error = ground.refusal(target.provision, people(there, 1))
        finally:
            Session._rename = original  # type: ignore[method-assign]
        assert isinstance(error, InDoubtError)


def line(one: AccountWrite) -> tuple[str, str, str, str]:
    """A line of an acknowledgement that says "applied"."""
    return (one.key, "APPLIED", "", one.ref.number)


@hostile(60, "acknowledgements that come twice, are of no file of ours, or have too few lines")
def fewer_lines_settle_nothing(ground: Ground) -> None:
    with bank(ground) as there:
        target, batch = connector(there), people(there, 1, 2)
        target.provision(batch)
        (name,) = files(there)
        digest = (there.drop / name).read_bytes().split(b'"plaintext_sha256":"')[1][:64].decode()
        (there.out / f"ack_{name}").write_bytes(there.acknowledgement(name, digest, [line(batch[0])]))
        assert isinstance(ground.refusal(target.results, batch), InDoubtError)
        whole = there.acknowledgement(name, digest, [line(each) for each in batch])
        for _ in range(2):
            (there.out / f"ack_{name}").write_bytes(whole)
            assert outcomes(ground.result(target.results, batch)) == [Outcome.DONE] * 2


@hostile(60, "acknowledgements that come twice, are of no file of ours, or have too few lines")
def of_a_file_we_never_sent_stops_the_system(ground: Ground) -> None:
    with bank(ground) as there:
        target, batch = connector(there), people(there, 1)
        target.provision(batch)
        (name,) = files(there)
        digest = (there.drop / name).read_bytes().split(b'"plaintext_sha256":"')[1][:64].decode()
        (there.out / f"ack_{name}").write_bytes(there.acknowledgement(name, digest, [line(batch[0])]))
        (there.drop / name).unlink()
        error = ground.refusal(target.results, batch)
        assert isinstance(error, HaltError | InDoubtError)
