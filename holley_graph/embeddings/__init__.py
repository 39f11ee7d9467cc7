"""Parcel 3: tables of vectors, and their way into the graph and out of it again."""
