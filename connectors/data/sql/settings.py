"""Where the database is, how it is reached, and how much of it may be taken."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Final, Literal, Self
from urllib.parse import parse_qsl

from pydantic import Field, SecretStr, field_validator, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from baton.sdk import ConnectorSettings, TimeZone


class Product(StrEnum):
    """The kinds of database this connector speaks to."""

    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    SQLITE = "sqlite"


_PRODUCTS: Final[Mapping[str, Product]] = {
    "postgresql": Product.POSTGRESQL,
    "mysql": Product.MYSQL,
    "mariadb": Product.MYSQL,
    "sqlite": Product.SQLITE,
}
_PORTS: Final[Mapping[Product, int]] = {Product.POSTGRESQL: 5432, Product.MYSQL: 3306}


class SqlSettings(ConnectorSettings):
    """One database."""

    database_url: str = Field(
        description="postgresql://user@host:5432/name, mysql://user@host/name or sqlite:////absolute/path; no password"
    )
    password: SecretStr | None = Field(None, description="the database user's password")
    schema_name: str | None = Field(None, description="PostgreSQL only: the schema of the tables (default: public)")
    tables: tuple[str, ...] = Field((), description="only these tables may be read and written; empty: all")
    keys: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="table -> columns that name a record, where not what the database suggests"
    )
    time_zone: TimeZone = Field("Asia/Shanghai", description="where columns without a time zone are meant")
    tls: Literal["verify", "off"] = Field("verify", description="check the server's certificate, or go without TLS")
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate")
    connect_timeout_s: int = Field(10, ge=1, le=300)
    statement_timeout_s: float = Field(600, gt=0, le=86_400, description="of one statement that writes or looks up")
    read_timeout_s: float = Field(14_400, gt=0, le=86_400, description="of the statement that reads a whole table")
    lock_timeout_s: int = Field(30, ge=1, le=3600, description="how long to wait for somebody else's lock")
    page_rows: int = Field(50_000, ge=1, le=1_000_000)
    max_rows: int = Field(100_000_000, ge=1, description="a larger table is not read")
    max_columns: int = Field(500, ge=1, le=2000)
    max_rejected_rows: int = Field(1000, ge=0, description="more rows that cannot be read refuse the table")

    @field_validator("database_url")
    @classmethod
    def _plain_url(cls, given: str) -> str:
        try:
            url = make_url(given)
        except ArgumentError:
            raise ValueError("is no database URL") from None
        product = _PRODUCTS.get(url.get_backend_name())
        if product is None or "+" in url.drivername:
            raise ValueError(f"begins with one of {', '.join(f'{name}://' for name in _PRODUCTS)}")
        if url.password is not None:
            raise ValueError("holds a password; put it where secrets belong (the setting password)")
        if url.query or parse_qsl(given.partition("?")[2]):
            raise ValueError("has options after a question mark; use this connector's settings")
        if not url.database:
            raise ValueError("names no database")
        if product is Product.SQLITE and not PurePosixPath(url.database).is_absolute():
            raise ValueError("needs an absolute path: sqlite:////srv/data/people.sqlite3")
        if product is not Product.SQLITE and not (url.host and url.username):
            raise ValueError("names no host or no user")
        return given

    @model_validator(mode="after")
    def _schema_where_there_are_schemas(self) -> Self:
        if self.schema_name is not None and self.product is not Product.POSTGRESQL:
            raise ValueError("schema_name is for PostgreSQL; elsewhere the URL names the database")
        return self

    @property
    def url(self) -> URL:
        """The URL in its parts."""
        return make_url(self.database_url)

    @property
    def product(self) -> Product:
        """Which kind of database it is."""
        return _PRODUCTS[self.url.get_backend_name()]

    @property
    def schema_in_use(self) -> str | None:
        """The schema the tables are in; None where the database has none beside its own name."""
        return (self.schema_name or "public") if self.product is Product.POSTGRESQL else None

    @property
    def port(self) -> int:
        """Where the server listens. Only for databases with a server."""
        return self.url.port or _PORTS[self.product]

    @property
    def ca_path(self) -> str | None:
        """The authority's file, as drivers want it."""
        return None if self.ca_file is None else str(self.ca_file)

    def hosts(self) -> tuple[str, ...]:
        """The one place the connector may connect to; none for a file."""
        return () if self.product is Product.SQLITE else (f"{self.url.host}:{self.port}",)
