"""Bank formats: what a payment file looks like at each bank, and what the bank answers. Pure: bytes in, bytes out."""
