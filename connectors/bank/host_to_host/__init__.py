"""The payee roster of a bank reached host to host: sealed files over SFTP, answered by sealed files."""
