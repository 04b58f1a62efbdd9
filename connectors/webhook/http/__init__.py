"""A webhook: signed JSON, posted to one address."""
