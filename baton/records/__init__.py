"""Records as columns: their types, their digests, their totals, and how two sets of them differ."""
