"""`python -m holley_graph` is the console script."""

from holley_graph.cli import main

main()
