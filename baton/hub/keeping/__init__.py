"""Keeping and forgetting: backups, restores, erasures, what a person may ask for, and how long files are kept."""
