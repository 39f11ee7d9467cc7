"""What pages for people have in common: one look, templates that escape every value, and small charts."""
