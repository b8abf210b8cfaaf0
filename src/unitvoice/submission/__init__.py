"""The submission: its file lists, layout, validation and packaging."""
