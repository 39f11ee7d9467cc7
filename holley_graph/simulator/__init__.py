"""A small generated world on the real list of vehicles, whose truth can be asked."""

from holley_graph.simulator.config import Strengths
from holley_graph.simulator.generate import generate
from holley_graph.simulator.presets import PRESETS
from holley_graph.simulator.world import Choices, World

__all__ = ["PRESETS", "Choices", "Strengths", "World", "generate"]
