"""Tryton 8.2: employees over JSON-RPC."""
