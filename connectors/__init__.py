"""The vendors: one folder each, importing `baton.sdk` and third-party packages only."""
