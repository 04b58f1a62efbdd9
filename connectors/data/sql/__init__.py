"""Tables of a PostgreSQL, MySQL, MariaDB or SQLite database: records out and in."""
