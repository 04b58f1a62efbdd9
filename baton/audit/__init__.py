"""What happened, provably: an append-only Merkle log, signed checkpoints kept outside the database, and a verifier."""
