"""Parcel 2: the only room with torch. Snapshot in, run folder with embedding tables out."""

import warnings

# What our dependencies say about each other is nothing that a user of ours can act on.
warnings.filterwarnings("ignore", message=r"`torch\.jit\.script` is deprecated", category=FutureWarning)
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta", category=UserWarning)
warnings.filterwarnings("ignore", message="Sparse invariant checks are implicitly disabled", category=UserWarning)
