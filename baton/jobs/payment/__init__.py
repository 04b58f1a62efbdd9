"""Payments: what may be paid, to whom, and what a person has to look at first."""
