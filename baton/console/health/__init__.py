"""The pages, the API and the metrics about the hub's own health."""
