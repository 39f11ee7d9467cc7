"""Answers: what fits and is liked, who says so, and why."""
