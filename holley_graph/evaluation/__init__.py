"""How good a ranking is, measured on held-out time with numpy alone."""
