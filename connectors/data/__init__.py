"""Files and databases that hold records of any kind."""
