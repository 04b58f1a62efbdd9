"""Messages to a system of your own, by HTTP."""
