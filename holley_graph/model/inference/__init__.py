"""What a finished run encodes: vectors, tables, and what came after it."""
