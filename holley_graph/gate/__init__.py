"""The last look at an export before it is sent: every rule again, from the source, without the ranker."""
