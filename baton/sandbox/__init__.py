"""Stand-ins for the systems around the hub: simulators and real servers on this machine, and nothing beyond it."""
