"""Rankers without a network, in closed form: what a model has to beat."""
