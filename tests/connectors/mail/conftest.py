"""Fixtures of the tests of mail."""

from tests.connectors.mail.smtp_desk import relay, script

__all__ = ["relay", "script"]
