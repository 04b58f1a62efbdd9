"""``make demo``: a small synthetic company's story, played through the whole hub and read back from every system."""
