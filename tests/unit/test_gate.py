"""Every rule of an export catches a planted violation, and only that one."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from holley_graph.cli import cli
from holley_graph.errors import SourceError
from holley_graph.gate import gate, tables
from holley_graph.gate.checks import CHECKS
from holley_graph.gate.page import page
from holley_graph.loaders import feeds
from holley_graph.loaders.engine.engine import Engine
from holley_graph.loaders.files import FilesSource
from holley_graph.progress import silent
from holley_graph.settings import Gate, Recommend, Settings
from holley_graph.times import seconds
from tests.support import raw

AS_OF = seconds("2026-01-01")
LATELY, LONG_AGO = "Friday, January 10, 2025", "Wednesday, May 1, 2024"
VEHICLES = {"ann": ("1969", "CHEVROLET", "CAMARO"), "bob": ("1966", "FORD", "MUSTANG")}
TYPES = {f"P{n}": "Carburetor" for n in (1, 2, 3)} | {f"P{n}": "Camshaft" for n in (4, 5)} | {"P6": "Radiator"}
ODD = {
    "P6B": "Radiator", "C1": "Head Gasket", "C2": "Radiator Cap", "C3": "Bolt", "R1": "Header", "U1": None,
    "B1": "Hood", "B1R": "Hood", "L1": "Spoiler", "F1": "Wheel",
}  # fmt: skip
COMPARES = {check.name for check in CHECKS if check.against_previous}
SHEET = ("P1", "P2", "P4", "P6")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Two owners of two vehicles; everything but F1 fits both, which fits only the Mustang."""
    parts = TYPES | ODD
    fits = {"ann": [sku for sku in parts if sku != "F1"], "bob": list(parts)}
    return raw.write(
        tmp_path_factory.mktemp("gate") / "raw",
        {
            "user_attributes": [
                raw.attributes(name, raw.at("2025-01-01"), email=f"{name}@x.com", v1_year=y, v1_make=a, v1_model=o)
                for name, (y, a, o) in VEHICLES.items()
            ]
            # the same person under another id, without a vehicle
            + [raw.attributes("ann2", raw.at("2025-01-01"), email="Ann@x.com")],
            "fitment": [raw.fitment(*VEHICLES[name], skus) for name, skus in fits.items()],
            "items": [raw.item(sku, kind, "Refurbished" if sku == "R1" else None) for sku, kind in parts.items()],
            "events": [
                raw.event("ann2", "Ordered Product", raw.at("2025-12-01"), ProductId="P5"),
                *(
                    raw.event(
                        "x",
                        "Viewed Product",
                        raw.at("2025-10-01"),
                        ProductId=sku,
                        ImageUrl="https://i/1",
                        **({} if sku == "P3" else {"Price": 99.0}),
                    )
                    for sku in parts
                ),
            ],
            "orders": [raw.order("B1", "ann@x.com", LATELY), raw.order("L1", "ann@x.com", LONG_AGO)],
        },
    )


@pytest.fixture(scope="module")
def clean(source, tmp_path_factory):
    settings = Settings(home=tmp_path_factory.mktemp("home") / "home")
    extracted = feeds.extract(FilesSource(source), settings, AS_OF, lambda *_: None)
    return {feed.clean.name: extracted.clean(feed.clean.name) for feed in feeds.FEEDS}


def rows():
    """A file of two rows without a fault."""
    made = []
    for name, (year, make, model) in VEHICLES.items():
        row = {"email_lower": f"{name}@x.com", "v1_year": int(year), "v1_make": make, "v1_model": model}
        for n, sku in enumerate(SHEET, 1):
            row |= {f"rec_part_{n}": sku, f"rec{n}_price": 99.0, f"rec{n}_score": 5.0 - n}
            row |= {f"rec{n}_image": "https://i/1", f"rec{n}_pop_source": "user"}
        made.append(row | {"engagement_tier": "cold"})
    return made


def put(row=0, **cells):
    """Change some cells of one row."""
    return lambda sheet: [changed | cells if n == row else changed for n, changed in enumerate(sheet)]


def written(path, sheet):
    schema = pa.schema(
        {
            name: pa.int64()
            if name == "v1_year"
            else pa.float64()
            if re.search("price|score", name)
            else pa.string()
            for name in rows()[0]
        }
    )
    table = pa.Table.from_pylist(sheet, schema)
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    elif path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return path


def limits(**other):
    return Gate(**{"min_users": 2, "max_first_share": 1, "min_variety": 0} | other)


def checked(clean, source, tmp_path, sheet, previous=None, suffix="parquet", **other):
    settings = Settings(home=tmp_path / "home", gate=limits(**other))
    path = written(tmp_path / f"now.{suffix}", sheet)
    before = None if previous is None else written(tmp_path / "before.parquet", previous)
    with Engine(settings) as engine:
        against = seen(engine, clean, source, settings)
        return gate.check(against, path, settings, AS_OF, "files", previous=before)


def seen(engine, clean, source, settings):
    known = tables.SourceTables(engine, {f"clean_{name}": table for name, table in clean.items()})
    return tables.see(known, FilesSource(source), settings, AS_OF, silent)


def failed(report):
    return {check.name: check.offenders for check in report.checks if check.passed is False}


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson"])
def test_a_faultless_file_passes_in_every_format(clean, source, tmp_path, suffix):
    report = checked(clean, source, tmp_path, rows(), rows(), suffix)
    assert failed(report) == {}
    assert (report.passed, report.rows) == (True, 2)
    assert [check.name for check in report.checks] == [check.name for check in CHECKS]


NEVER_SEEN = ("NOWHERE", "EXT-1")
PLANTED = [
    ("duplicates", lambda sheet: [*sheet, sheet[0] | {"email_lower": "ANN@x.com"}], (3, None)),
    ("owners", put(v1_year=1970, v1_model="CAMARO"), (1, None)),
    ("owners", put(email_lower="eve@x.com"), (1, None)),
    ("owners", put(email_lower=None), (1, None)),
    ("parts", put(rec_part_3=None, rec_part_4=None), (1, None)),
    ("parts", put(rec_part_2=None), (1, None)),
    ("repeated", put(rec_part_2="P1"), (1, "P1")),
    ("repeated", put(rec_part_3="P6B"), (1, "P6")),
    ("fits", put(rec_part_4="F1"), (1, "F1")),
    ("fits", put(rec_part_4="NOWHERE", rec4_price=3000.0), (1, "NOWHERE")),
    ("bought", put(rec_part_4="B1R"), (1, "B1R")),
    ("bought", put(rec_part_4="P5"), (1, "P5")),
    ("prices", put(rec2_price=49.99), (1, "P2")),
    ("prices", put(rec2_price=None), (1, "P2")),
    ("prices", put(rec2_price=float("nan")), (1, "P2")),
    ("prices", put(rec2_price=98.0), (1, "P2")),
    ("prices", put(rec_part_2="P3"), (1, "P3")),
    ("images", put(rec2_image="http://i/1"), (1, "P2")),
    ("images", put(rec2_image="https://i/0"), (1, "P2")),
    ("images", put(rec2_image=None), (1, "P2")),
    ("part_types", put(rec_part_3="P3", rec3_price=None), (1, "P3")),
    ("scores", put(rec3_score=4.5), (1, "P4")),
    ("scores", put(rec1_score=float("inf")), (1, "P1")),
    ("scores", put(rec4_score=float("nan")), (1, "P6")),
    ("scores", put(rec4_score=None), (1, "P6")),
    ("unwanted", put(rec_part_4="C1"), (1, "C1")),
    ("unwanted", put(rec_part_4="C2"), (1, "C2")),
    ("unwanted", put(rec_part_4="C3"), (1, "C3")),
    ("unwanted", put(rec_part_4="R1"), (1, "R1")),
    ("unwanted", put(rec_part_4="U1"), (1, "U1")),
    ("unwanted", put(rec_part_4="EXT-1"), (1, "EXT-1")),
]


@pytest.mark.parametrize(("name", "plant", "offender"), PLANTED, ids=[f"{p[0]}-{n}" for n, p in enumerate(PLANTED)])
def test_a_planted_violation_is_caught_by_its_rule(clean, source, tmp_path, name, plant, offender):
    report = checked(clean, source, tmp_path, plant(rows()))
    offenders = failed(report)
    assert not report.passed
    assert (offenders[name][0]["row"], offenders[name][0]["sku"]) == offender
    # what does not exist fits nothing and was never seen, and who is unknown owns nothing
    assert set(offenders) <= {name, "fits", "owners"} | (
        {"prices", "images"} if offender[1] in NEVER_SEEN else set()
    )
    for check in report.checks:
        assert check.passed is (None if check.name in COMPARES else check.name not in offenders)


RULED = {
    "excluded": ('do = "exclude"\nsku = "P4"\nmake = "FORD"', put(row=1), (2, "P4")),
    "promised": ('do = "keep"\nslots = 2\npart_type = "Camshaft"', put(row=1), (2, None)),
}


@pytest.mark.parametrize("name", RULED)
def test_a_broken_rule_of_marketing_is_caught(clean, source, tmp_path, name):
    """Ann bought the other camshaft, so that one is all that her row can have."""
    rule, plant, offender = RULED[name]
    (tmp_path / "rules.toml").write_text(f'[[rule]]\nname = "r"\n{rule}\n')
    settings = Settings(
        home=tmp_path / "home", gate=limits(), recommend=Recommend(rules_file=tmp_path / "rules.toml")
    )
    with Engine(settings) as engine:
        path = written(tmp_path / "now.parquet", plant(rows()))
        against = seen(engine, clean, source, settings)
        failures = failed(gate.check(against, path, settings, AS_OF, "files"))
    assert {entry: [(f["row"], f["sku"]) for f in offenders] for entry, offenders in failures.items()} == {
        name: [offender]
    }


def test_what_was_bought_more_than_a_year_ago_may_be_sent(clean, source, tmp_path):
    assert failed(checked(clean, source, tmp_path, put(rec_part_4="L1")(rows()))) == {}


def test_an_unknown_price_is_empty(clean, source, tmp_path):
    assert failed(checked(clean, source, tmp_path, put(rec_part_2="P3", rec2_price=None)(rows()))) == {}


def test_too_few_rows_are_no_mailing(clean, source, tmp_path):
    report = checked(clean, source, tmp_path, rows(), min_users=3)
    assert failed(report)["users"][0]["found"] == "2 rows; gate.min_users demands 3"
    assert not report.passed


def test_amounts_in_what_was_found_are_written_for_people(clean, source, tmp_path):
    twice = [put(email_lower=f"ann{n}@x.com", rec1_price=1234.5)(rows()[:1])[0] for n in range(1_204)]
    report = checked(clean, source, tmp_path, twice, [rows()[0]] * 1_000, min_users=12_000)
    texts = {check.name: [row["found"] for row in check.offenders] for check in report.checks}
    assert texts["users"] == ["1,204 rows; gate.min_users demands 12,000"]
    assert texts["user_count"] == ["1,204 rows after 1,000"]
    assert texts["prices"][0] == "costs $1,234.50, in the source $99.00"
    assert texts["facts"] == ["cold: 1,204 rows", "answered by user: 4,816 parts", "CHEVROLET: 1,204 rows"]


COMPARED = [
    ("user_count", rows() * 2, {}, "2 rows after 4"),
    ("variety", rows(), {"min_variety": 0.5}, "4 different parts of 11 eligible ones"),
    ("dominance", rows(), {"max_first_share": 0.9}, "first in 100.0 % of the rows"),
    ("tiers", put(rec1_pop_source="make")(rows()), {}, "make answers for 0.0 % after 12.5 %"),
    ("price_distribution", [row | {f"rec{n}_price": 125.0 for n in range(1, 5)} for row in rows()], {}, "25 %"),
]


@pytest.mark.parametrize(("name", "previous", "limits", "message"), COMPARED, ids=[check[0] for check in COMPARED])
def test_what_is_unusual_is_told_but_stops_nothing(clean, source, tmp_path, name, previous, limits, message):
    previous = [row | {"v1_year": row["v1_year"] + n} for n, row in enumerate(previous)]
    report = checked(clean, source, tmp_path, rows(), previous, **limits)
    offenders = failed(report)
    assert list(offenders) == [name]
    assert any(message in check["found"] for check in offenders[name])
    assert report.passed


WRONG = [
    ("prices", {"price": 120.0}, {"rec1_price": 120.0}),
    ("prices", {"price": None}, {"rec1_price": None}),
    ("images", {"image_url": "https://i/old"}, {"rec1_image": "https://i/old"}),
]


@pytest.mark.parametrize(("name", "mistake", "cells"), WRONG)
def test_a_file_that_agrees_with_a_mistake_of_the_sync_does_not_pass(clean, source, tmp_path, name, mistake, cells):
    events = clean["events"]
    spoilt = [row | mistake if row["sku"] == "P1" else row for row in events.to_pylist()]
    wrong = clean | {"events": pa.Table.from_pylist(spoilt, events.schema)}
    report = checked(wrong, source, tmp_path, put(**cells)(rows()))
    assert [(check["row"], check["sku"]) for check in failed(report)[name]] == [(1, "P1")]
    assert not report.passed


def test_an_order_that_the_sync_lost_still_keeps_the_part_out(clean, source, tmp_path):
    lost = clean | {name: clean[name].slice(0, 0) for name in ("orders", "events")}
    report = checked(lost, source, tmp_path, put(rec_part_3="B1", rec_part_4="P5")(rows()))
    assert [(check["row"], check["sku"]) for check in failed(report)["bought"]] == [(1, "B1"), (1, "P5")]


def test_ten_offenders_are_shown_and_all_are_counted(clean, source, tmp_path):
    sheet = [put(rec2_price=1.0)([row])[0] | {"email_lower": f"{n}@x.com"} for n in range(20) for row in rows()[:1]]
    report = checked(clean, source, tmp_path, sheet)
    assert [check["row"] for check in failed(report)["prices"]] == list(range(1, 11))
    prices = next(check for check in report.checks if check.name == "prices")
    assert (prices.count, len(prices.offenders)) == (20, 10)


def test_a_report_names_no_address_and_its_page_loads_nothing(clean, source, tmp_path):
    sheet = put(email_lower="eve@x.com", rec2_price=1.0, rec3_image="ftp://<b>")(rows())
    report = checked(clean, source, tmp_path, sheet)
    whole = page(report)
    drawn = whole.partition("</style>")[2]
    assert "@" not in drawn and "@" not in json.dumps([check.offenders for check in report.checks])
    assert "must not be sent" in drawn and "ftp://&lt;b&gt;" in drawn
    assert not re.search(r"<(script|link)|href\s*=|@import|url\(", whole)
    assert all(source.startswith("https://") for source in re.findall(r'src="([^"]*)"', whole))


def test_the_page_of_a_report_has_its_verdict_on_top_and_says_what_parts_are_called(clean, source, tmp_path):
    report = checked(clean, source, tmp_path, put(rec2_price=1.0)(rows()))
    prices = next(check for check in report.checks if check.name == "prices")
    assert set(report.parts) >= {row["sku"] for row in prices.offenders}
    drawn = page(report)
    assert drawn.index("must not be sent: it breaks") < drawn.index("<h2>")
    assert 'class="small"' in drawn
    assert "may be sent." in page(checked(clean, source, tmp_path, rows()))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("x.csv", "a,b\n1,2\n", "lacks"),
        ("x.parquet", "not parquet", "cannot be read"),
        ("x.xlsx", "", "neither CSV, Parquet nor NDJSON"),
    ],
)
def test_a_file_that_is_no_export_gets_one_line(clean, source, tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    settings = Settings(home=tmp_path / "home")
    with Engine(settings) as engine, pytest.raises(SourceError, match=message) as caught:
        gate.check(seen(engine, clean, source, settings), path, settings, 0, "files")
    assert "\n" not in str(caught.value)


def test_the_command_ends_with_one_when_a_critical_rule_is_broken(source, tmp_path, monkeypatch):
    monkeypatch.setenv("HOLLEY_GRAPH_GATE__MIN_USERS", "2")
    path, html = written(tmp_path / "f.parquet", rows()), tmp_path / "f.html"
    command = [
        "--home",
        str(tmp_path / "home"),
        "gate",
        str(path),
        "--source",
        f"files:{source}",
        "--as-of",
        "2026-01-01",
    ]
    good = CliRunner().invoke(cli, [*command, "--json", "--html", str(html)])
    assert good.exit_code == 0, good.output
    assert "may be sent" in html.read_text()
    written(path, put(rec_part_4="F1")(rows()))
    bad = CliRunner().invoke(cli, command)
    assert bad.exit_code == 1
    assert "not in the fitment of this vehicle" in " ".join(bad.stdout.split())
