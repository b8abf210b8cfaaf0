"""The systems: encoder, quantiser and decoder composed from layers, one module per published system."""
