"""Salesforce users."""
