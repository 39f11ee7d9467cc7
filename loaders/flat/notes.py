"""What a shop's lists cannot answer, in a line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from holley_graph.loaders.engine.engine import Engine

_FITMENT = (
    "there is no list of fitment, so no part is known to fit a vehicle: recommend --vehicle, export and gate have "
    "nothing to say. recommend --user, similar and next go by what people bought and looked at"
)
_VEHICLES = (
    "no user has an email and a vehicle, so export and gate have nobody to write to. recommend --vehicle answers"
)
_PRODUCTS = (
    "there is no list of products: they are those that fitment, orders and events name, and their types and brands "
    "are unknown"
)
_PURCHASES = "nothing tells purchases: there is no list of orders, and no event is one"
_IS_ORDER = "upper(trim(name)) IN ('ORDERED PRODUCT', 'PLACED ORDER', 'CONSUMER WEBSITE ORDER')"
_OWNED = "len(list_filter(user_properties, lambda p: p.property_name LIKE 'v1_%')) = 3"


def cannot(engine: Engine, file: Callable[[str], Path], paths: Mapping[str, list[Path]]) -> list[str]:
    """Say what the raw tables of some lists, each in its file, cannot answer."""
    owners = engine.read(file("raw_user_attributes")).filter(_OWNED)
    sold = engine.read(file("raw_orders")), engine.read(file("happened")).filter(_IS_ORDER)
    says = {
        _FITMENT: "fitment" not in paths,
        _VEHICLES: "fitment" in paths and not owners.limit(1).fetchall(),
        _PRODUCTS: "products" not in paths,
        _PURCHASES: not any(relation.limit(1).fetchall() for relation in sold),
    }
    return [line for line, is_so in says.items() if is_so]
