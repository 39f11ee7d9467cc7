"""Marketing's rules: one text that answers, exports and the gate obey alike."""
