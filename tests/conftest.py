"""What holds for every test."""

import os

# The worlds here are so small that threads of torch wait for each other longer than they compute: on two busy cores
# one thread trains ten times as fast as two. Read when torch is first imported, hence no fixture.
os.environ.setdefault("OMP_NUM_THREADS", "1")
