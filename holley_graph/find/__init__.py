"""People, vehicles and parts by what somebody knows of them, and what is nearest to a name that nobody has."""
