"""Enterprise resource planning systems."""
