"""Scores of units and of converted speech: ABX, bitrate, term discovery, and the published results."""
