"""Frames computed from sound: spectra, cepstra and their normalisation."""
