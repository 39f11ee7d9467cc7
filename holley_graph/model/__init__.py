"""Parcel 2: the only room with torch. Snapshot in, run folder with embedding tables out."""
