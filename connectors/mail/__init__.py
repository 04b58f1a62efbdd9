"""Connectors: ways to send mail."""
