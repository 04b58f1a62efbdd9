"""Pay runs as pages and HTTP API for logged-in people: looked at, waived, signed, released, handed in.

Nothing here imports Airflow: the console says who has logged in (`officers.let_in`) and puts these routes
beside its own.
"""
