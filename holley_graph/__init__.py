"""Recommends vehicle parts that fit, from a graph."""

import os

# Read once, when torch is loaded. Its threads would otherwise spin while they wait for each other: where another
# process has the core of one, a short training takes thirty times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
