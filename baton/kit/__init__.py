"""The laws every connector keeps, and what it takes to try them."""
