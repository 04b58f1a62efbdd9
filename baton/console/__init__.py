"""The hub's face in Airflow's web server: a page, and the address that vendors call."""
