"""The hub's memory: one relational database, SQLite or PostgreSQL."""
