"""Feishu (飞书) and Lark: accounts in the company directory, and the directory's event callbacks."""
