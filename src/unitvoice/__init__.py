"""Discrete units from raw speech, and back into speech in another voice."""

__version__ = "0.1.0"
