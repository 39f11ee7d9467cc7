"""Parcel 1: a dated copy of the graph for training, cut at any earlier time without leaking the later."""
