"""Who gets what in a campaign, and what came of it."""
