"""The one mechanism: plan saves effects, gate holds them, apply performs them, settle proves them."""
