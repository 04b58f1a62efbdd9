"""Office automation and collaboration."""
