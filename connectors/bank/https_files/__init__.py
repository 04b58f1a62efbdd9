"""A bank that takes payment files over HTTPS and lists its answers: the generic profile of README.md."""
