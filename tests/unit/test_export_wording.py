"""Sentences of an email read as somebody would write them."""

from __future__ import annotations

import pytest

from holley_graph.export import wording

NAMES = {
    "MUSTANG": "Mustang", "BEL AIR": "Bel Air", "EL CAMINO": "El Camino", "MERCEDES-BENZ": "Mercedes-Benz",
    "LE MANS": "Le Mans", "GTO": "GTO", "BMW": "BMW", "GMC": "GMC", "F-150": "F-150", "C10": "C10", "CR-V": "CR-V",
    "KIA": "Kia", "GRAND AM": "Grand AM", "SILVERADO 1500 LD": "Silverado 1500 LD", "CITROËN": "Citroën",
}  # fmt: skip


@pytest.mark.parametrize("capitals", NAMES)
def test_names_are_in_title_case_and_abbreviations_stay(capitals: str) -> None:
    assert wording.name(capitals) == NAMES[capitals]


def test_part_types_are_small_within_a_sentence() -> None:
    assert [wording.kind(name) for name in ("Distributor Cap", "EFI System")] == ["distributor cap", "EFI system"]


def test_a_month_has_its_year_when_it_is_not_clear() -> None:
    now = 12 * 2026
    assert wording.since(now - 8, now) == "in May"
    assert wording.since(now - 10, now) == "in March"
    assert wording.since(now - 11, now) == "in February 2025"
    assert wording.since(now, now) == "in January"


def test_a_model_that_is_a_number_is_called_with_its_make() -> None:
    assert wording.of_vehicle(1967, "FORD", "MUSTANG")[:3] == (
        "Popular with Mustang owners", "Popular with Ford owners", "Fits your 1967 Ford Mustang",
    )  # fmt: skip
    assert wording.of_vehicle(2006, "CHRYSLER", "300")[0] == "Popular with Chrysler 300 owners"
