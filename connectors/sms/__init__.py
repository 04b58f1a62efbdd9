"""Connectors: ways to send text messages."""
