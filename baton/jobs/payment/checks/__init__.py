"""Checks of a pay run: named rules over its lines and over the whole; what they find, and who may waive it."""
