"""The hub's nouns: frozen, typed, without I/O."""
