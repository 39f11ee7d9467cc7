"""Counting with priors that the data estimate: numpy and scipy rank what fits a vehicle, without a network."""
