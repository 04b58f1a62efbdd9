"""The people steps of a handover as pages and HTTP API, for holders of personal links and for logged-in people.

Nothing here imports Airflow: `app.links_app` stands alone; the console puts it, and the same routes for who has logged
in, beside its own pages.
"""
