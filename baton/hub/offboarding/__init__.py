"""Offboarding at work: cases opened and kept up to date, items decided on and passed on, the case completed."""
