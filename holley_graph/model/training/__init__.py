"""Training: from a snapshot to a sealed run folder."""
