"""Conversion: units and a target voice to sound."""
