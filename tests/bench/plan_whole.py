"""One planning of the roster in FOLDER, as a process that does nothing else: says how many effects it has planned."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

gc.disable()  # while all is loaded, as the command line does
try:
    from baton.hub.sync import SyncRequest, plan_sync
    from tests.bench.roster import roster_company
finally:
    gc.enable()

if __name__ == "__main__":
    with roster_company(Path(sys.argv[1])).open() as opened:
        sys.stdout.write(f"{plan_sync(opened, SyncRequest()).run.counts['effects']}\n")
