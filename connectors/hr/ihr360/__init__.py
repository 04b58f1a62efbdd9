"""People from the i人事 (ihr360) open API."""
