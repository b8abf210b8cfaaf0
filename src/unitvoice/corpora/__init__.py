"""Corpora: where speech comes from, and its manifest."""
