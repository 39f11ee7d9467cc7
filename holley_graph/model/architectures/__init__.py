"""Models: each file reads like its paper."""
