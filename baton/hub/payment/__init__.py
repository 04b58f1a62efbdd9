"""Payments at work: a run drafted, checked, built, signed for, released, answered and reconciled."""
