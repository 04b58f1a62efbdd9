"""What the fork server loads last: what it has loaded by now is garbage in none of the processes it will start.

They would search all of it again and again, and copy its memory while they do.
"""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
