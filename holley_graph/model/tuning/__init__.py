"""Tuning: which configuration of a model is best."""
