"""The sections of the page: results in, HTML out."""
