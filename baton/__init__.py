"""Baton: a self-hosted HR integration hub."""
