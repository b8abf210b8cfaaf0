"""Results for people: one self-contained page, and the summary as text."""
