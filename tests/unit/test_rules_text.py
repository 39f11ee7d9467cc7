"""Marketing's file of rules is read as it is meant, and refused in one line where nobody can know what is meant."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import pytest

from holley_graph.errors import SettingsError
from holley_graph.rules.text import OUT_OF_STOCK, Rule, Rules, parameters, read

WHOLE = """
out_of_stock = [" 4150-1 "]
out_of_stock_file = "stock.txt"

[[rule]]
name = "Spring carburetors"
do = "boost"
times = 2.0
part_type = "Carburetor"
make = ["ford", "Mercury"]
price_from = 100
from = 2026-03-01
until = 2026-03-31

[[rule]]
name = "Own brand"
do = "keep"
share = 0.3
brand = "Ironpeak"

[[rule]]
name = "New cam"
do = "pin"
sku = "nc-1"
vehicle = "1967 Ford  Mustang"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "stock.txt").write_text("x-1\n\n4150-1\n")
    (folder / "rules.toml").write_text(text)
    return folder / "rules.toml"


def test_a_whole_file_is_read_as_it_is_meant(tmp_path: Path) -> None:
    boost, keep, pin, removed = read(written(tmp_path, WHOLE)).rules
    assert boost == Rule(
        "Spring carburetors", "boost", part_type=("carburetor",), make=("FORD", "MERCURY"), price_from=100,
        from_=date(2026, 3, 1), until=date(2026, 3, 31), times=2.0,
    )  # fmt: skip
    assert (boost.adds, boost.asks_for(4)) == (math.log(2), 0)
    assert (keep.brand, keep.asks_for(4), keep.asks_for(10)) == (("ironpeak",), 2, 3)
    assert (pin.sku, pin.vehicle, pin.asks_for(4)) == (("NC-1",), ("1967 FORD MUSTANG",), 1)
    assert removed == Rule(OUT_OF_STOCK, "exclude", sku=("4150-1", "X-1"))


def test_a_rule_holds_from_its_first_to_its_last_day(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE)
    days = {date(2026, 2, 28): 3, date(2026, 3, 1): 4, date(2026, 3, 31): 4, date(2026, 4, 1): 3}
    assert {day: len(read(file).on(day)) for day in days} == days
    assert [rule["name"] for rule in parameters(file, 4, date(2026, 4, 1))] == [
        "Own brand",
        "New cam",
        OUT_OF_STOCK,
    ]


def test_no_file_means_no_rules() -> None:
    assert read(None) == Rules()


ONE = '[[rule]]\nname = "r"\n'
REFUSED = {
    "[[rule]\n": "rules.toml",
    "[[rules]]\n": "nothing is called 'rules'",
    "rule = 1": r"each rule begins with \[\[rule\]\]",
    ONE: "do = one of pin, keep, boost, bury, exclude",
    ONE + 'do = "hide"': "do = one of",
    ONE + 'do = "bury"\nbrnd = "X"': "nothing is called 'brnd'",
    ONE + 'do = "bury"\nbrand = 3': "brand is a text or a list of texts",
    ONE + 'do = "bury"\nfrom = "2026-01-01"': "from = '2026-01-01' is not allowed",
    ONE + 'do = "boost"': "boost needs times",
    ONE + 'do = "boost"\ntimes = 0.5': "times = 0.5 is not allowed",
    ONE + 'do = "keep"': "keep needs slots or share",
    ONE + 'do = "pin"\nslots = 5': "slots = 5 is not allowed",
    ONE + 'do = "bury"\nslots = 1': "slots is for pin and keep, not for bury",
    ONE + 'do = "bury"\n' + ONE + 'do = "bury"': "two rules are called 'r'",
    'out_of_stock = "A1"': "out_of_stock is a list of SKUs",
    'out_of_stock_file = "nowhere.txt"': "nowhere.txt",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=REFUSED[text]):
        read(written(tmp_path, text))


def test_a_wrong_key_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(written(tmp_path, ONE + 'do = "bury"\nbrnd = "X"'))
    assert refused.value.hint == "did you mean brand?"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml"):
        read(tmp_path / "no.toml")
