"""Units: encoding speech with a trained system."""
