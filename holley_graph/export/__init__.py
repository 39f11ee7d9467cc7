"""What marketing sends: every user with a vehicle, ranked in one pass outside the database."""
