"""What is there before anybody shops."""

from __future__ import annotations

from dataclasses import dataclass

from holley_graph.simulator import catalogue, fits, population, taste, vehicles
from holley_graph.simulator.catalogue import SimulatedCatalogue
from holley_graph.simulator.choice import Chooser
from holley_graph.simulator.config import WorldConfig
from holley_graph.simulator.fits import Fits
from holley_graph.simulator.population import Population
from holley_graph.simulator.taste import Truth
from holley_graph.simulator.vehicles import Vehicles


@dataclass(frozen=True)
class Scene:
    """Vehicles, parts, people, and what they like."""

    config: WorldConfig
    vehicles: Vehicles
    catalogue: SimulatedCatalogue
    fits: Fits
    truth: Truth
    population: Population

    @classmethod
    def of(cls, config: WorldConfig) -> Scene:
        """Draw everything."""
        cars, parts = vehicles.choose(config), catalogue.build(config)
        fitting = fits.build(config, cars, parts)
        parts = parts.listed(fitting.sku)
        truth = taste.build(config, cars, parts, fitting)
        return cls(config, cars, parts, fitting, truth, population.settle(config, cars, len(parts.types)))

    @property
    def chooser(self) -> Chooser:
        """Return who chooses for everybody."""
        return Chooser(self.truth, self.population.people, self.config.strengths)
