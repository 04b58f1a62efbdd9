"""The hub's own health: figures, alarms, metrics, the monthly report."""
