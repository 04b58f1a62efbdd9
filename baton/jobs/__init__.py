"""The jobs: what to read, what follows from it, which writes to want. They never call a target's write."""
