"""One function per verb: what a command does besides reading options and printing.

Each function opens what it needs by the settings, calls the rooms and returns what they say. Whatever calls it has
its own way to show progress. Modules that train import PyTorch at their top.
"""
