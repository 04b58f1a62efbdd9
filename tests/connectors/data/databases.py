"""The three kinds of database as the tests meet them: set up and looked at without the connector's code."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pymysql

from baton.client import Client
from baton.egress import EgressRule
from connectors.data.sql.connector import SqlDatabase
from connectors.data.sql.settings import SqlSettings

PEOPLE = {
    "postgresql": "code varchar(20) PRIMARY KEY, name text, note varchar(200), n bigint, money numeric(38,4),"
    " flag boolean, born date, seen timestamptz, clock timestamp",
    "mysql": "code varchar(20) PRIMARY KEY, name text, note varchar(200), n bigint,"
    " money decimal(38,4), flag boolean, born date, seen timestamp(6) NULL, clock datetime(6)",
    "sqlite": "code varchar(20) PRIMARY KEY NOT NULL, name text, note varchar(200), n bigint, money decimal(38,4),"
    " flag boolean, born date, seen datetime, clock datetime",
}


class Database:
    """One empty database, and connectors to it."""

    product: str

    def __init__(self):
        self._made = []

    def settings(self, **more):
        raise NotImplementedError

    def connector(self, **more):
        settings = SqlSettings.model_validate(self.settings(**more))
        made = SqlDatabase(settings, Client(EgressRule(frozenset(settings.hosts()), allow_private=True)))
        self._made.append(made)
        return made

    def connect(self):
        """A connection of another program."""
        raise NotImplementedError

    def run(self, *statements):
        connection = self.connect()
        try:
            for statement in statements:
                cursor = connection.cursor()
                cursor.execute(statement)
            connection.commit()
        finally:
            connection.close()

    def rows(self, statement, *values):
        connection = self.connect()
        try:
            cursor = connection.cursor()
            mark = "?" if self.product == "sqlite" else "%s"
            cursor.execute(statement.replace("%s", mark), values)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            connection.close()

    def people(self, table="people"):
        """The table most tests use."""
        self.run(f"CREATE TABLE {table} ({PEOPLE[self.product]})")

    def quoted(self, name):
        mark = "`" if self.product == "mysql" else '"'
        return mark + name.replace(mark, mark * 2) + mark


class PostgresDatabase(Database):
    product = "postgresql"

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.url = server.create()
        self.name = self.url.rsplit("/", 1)[1]

    def settings(self, **more):
        url = f"postgresql://postgres@127.0.0.1:{self.server.port}/{self.name}"
        return {"database_url": url, "password": self.server.password, "tls": "off", **more}

    def connect(self):
        connection = self.server.connect(self.name)
        connection.autocommit = False
        return connection

    def kill_others(self):
        """End every other session of this database that is in a transaction."""
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'baton'"
            " AND datname = current_database()"
        )

    def waiting(self):
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'baton' AND wait_event_type = 'Lock'"
        return self.rows(query) != [(0,)]

    def close(self):
        self.server.drop(self.url)


class MysqlDatabase(Database):
    product = "mysql"

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.name = server.create()

    def settings(self, **more):
        url = f"mysql://{self.server.user}@127.0.0.1:{self.server.port}/{self.name}"
        return {"database_url": url, "password": self.server.password, "tls": "off", **more}

    def connect(self):
        connection = self.server.connect(self.name)
        connection.autocommit(False)
        return connection

    def kill_others(self):
        own = "SELECT id FROM information_schema.processlist WHERE db = %s AND id <> connection_id()"
        for (number,) in self.rows(own, self.name):
            try:
                self.run(f"KILL {number}")
            except pymysql.OperationalError:
                continue  # it has ended by itself

    def waiting(self):
        return self.rows("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'") != [(0,)]

    def close(self):
        self.kill_others()  # a session with an open transaction would hold up the drop for ever
        self.server.drop(self.name)


class SqliteDatabase(Database):
    product = "sqlite"

    def __init__(self, folder: Path):
        super().__init__()
        self.file = folder / "people.sqlite3"
        sqlite3.connect(self.file).close()
        self.run("PRAGMA journal_mode = WAL")

    def settings(self, **more):
        return {"database_url": f"sqlite:///{self.file}", **more}

    def connect(self):
        connection = sqlite3.connect(self.file, timeout=5)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def close(self):
        pass
