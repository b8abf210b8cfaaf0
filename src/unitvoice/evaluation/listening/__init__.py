"""Automatic stand-ins for listeners; each result names its judge."""
