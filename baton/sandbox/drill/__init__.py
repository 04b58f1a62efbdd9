"""``make drill``: an old backup beside a newer world. What was done since is found out, nothing is done twice."""
