"""Fixtures of the tests of the payee roster."""

from tests.connectors.bank.roster_desk import bank, server

__all__ = ["bank", "server"]
