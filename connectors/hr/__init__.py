"""Sources of people."""
