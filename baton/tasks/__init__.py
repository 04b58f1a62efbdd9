"""Airflow's face of the hub: the tasks that DAG files are made of.

Only this package, the console's plugin, the DAG files and the command line's reader of connections import Airflow.
Tasks exchange ids and figures, never people: nothing personal and no secret gets into XCom,
parameters, rendered fields or logs.
"""

from baton.tasks.reconcile import checkpoint, purge, reconcile, systems
from baton.tasks.sync import apply, plan, settle

__all__ = ["apply", "checkpoint", "plan", "purge", "reconcile", "settle", "systems"]
