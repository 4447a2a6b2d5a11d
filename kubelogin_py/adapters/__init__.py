"""Implementations of what the application asks of the world: one outside thing per file."""
