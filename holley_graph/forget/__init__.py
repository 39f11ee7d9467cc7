"""Removes a person from everything that this tool keeps, and shows that nothing is left."""
