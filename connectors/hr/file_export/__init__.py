"""People from a CSV or XLSX export dropped into a directory."""
