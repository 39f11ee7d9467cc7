"""Holds an export file against the source tables, rule by rule, in SQL."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from holley_graph.gate import sheet
from holley_graph.gate.checks import CHECKS, Check, Severity
from holley_graph.gate.tables import SourceTables
from holley_graph.loaders.engine.engine import Engine, Rows
from holley_graph.progress import Progress, silent
from holley_graph.rules import text
from holley_graph.rules.text import CONDITIONS, Rule
from holley_graph.settings import Settings
from holley_graph.times import DAY

SHOWN = 10
"""Offenders that a report names."""
SLOTS = 4
WHO = ("email_lower", "v1_year", "v1_make", "v1_model", "engagement_tier")
PART = ("rec_part_{n}", "rec{n}_price", "rec{n}_score", "rec{n}_image", "rec{n}_pop_source")
COLUMNS = (*WHO, *(name.format(n=n) for n in range(1, SLOTS + 1) for name in PART))
"""What the gate reads of a file; it may have more."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        passed: none where there is nothing to compare with.
        count: offenders; of an INFO check, facts.
        offenders: up to `SHOWN` of them (all facts): row of the file (from 1), vehicle, SKU, and what was found.
            Never an address.
    """

    name: str
    severity: Severity
    says: str
    passed: bool | None
    count: int
    offenders: list[dict[str, Any]]


@dataclass(frozen=True)
class GateReport:
    """The verdict on a file; `as_dict` is the documented JSON shape."""

    path: Path
    previous: Path | None
    source: str
    as_of: int
    rows: int
    passed: bool
    """No CRITICAL check failed."""
    checks: list[Finding]
    seconds: float
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """SKU of an offender to its `title` and `image_url`."""

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return asdict(self)


def check(
    against: SourceTables,
    path: Path,
    settings: Settings,
    as_of: int,
    source: str,
    *,
    previous: Path | None = None,
    progress: Progress = silent,
) -> GateReport:
    """Check one export file.

    Args:
        against: the source's clean tables, and what `tables.see` found.
        path: the file, in the wide format.
        settings: limits of `gate`, `eligibility` and `recommend`.
        as_of: epoch seconds that purchases count back from.
        source: the name of the source, for the report.
        previous: the file that was sent before; none: what compares with it is not checked.
        progress: told about every check.

    Raises:
        SourceError: a file is missing, unreadable, or lacks columns.
    """
    started = time.monotonic()
    values = _limits(settings, as_of)
    engine, tables = against.engine, dict(against.tables)
    tables["product"] = engine.run("graph/product", tables, **values)
    tables["seen"] = engine.keep("gate/seen", tables)
    tables["lately"] = engine.keep("gate/lately", tables, **values)
    tables |= _opened(engine, path)
    rules = text.read(settings.recommend.rules_file).on(datetime.now(UTC).date())
    tables |= _rules(engine, rules, tables)
    if previous is not None:
        tables |= {f"previous_{name}": rows for name, rows in _opened(engine, previous).items()}
    findings = []
    for done, item in enumerate(CHECKS, 1):
        skipped = item.against_previous and previous is None
        findings.append(_skipped(item) if skipped else _found(engine, item, tables, values))
        progress("checking", done, len(CHECKS))
    rows = engine.read(tables["people"]).aggregate("count(*)").fetchall()[0][0]
    passed = not any(item.severity == "CRITICAL" and item.passed is False for item in findings)
    seconds = round(time.monotonic() - started, 2)
    parts = _named(engine, tables, findings)
    return GateReport(path, previous, source, as_of, rows, passed, findings, seconds, parts)


def _found(engine: Engine, check: Check, tables: Mapping[str, Rows], values: Mapping[str, Any]) -> Finding:
    rows = engine.run(f"gate/{check.name}", tables, **values)
    count = rows.num_rows
    if check.severity == "CRITICAL":  # about single rows: the first of the file are shown
        rows = rows.sort_by([("row", "ascending"), ("sku", "ascending")])
    offenders = (rows if check.severity == "INFO" else rows.slice(0, SHOWN)).to_pylist()
    return Finding(check.name, check.severity, check.says, check.severity == "INFO" or not count, count, offenders)


def _named(engine: Engine, tables: Mapping[str, Rows], findings: Sequence[Finding]) -> dict[str, dict[str, Any]]:
    """Look up what the offending parts are called; a part that the source does not have has no name."""
    skus = {row["sku"] for finding in findings for row in finding.offenders if row["sku"] is not None}
    offending = pa.table({"sku": pa.array(sorted(skus), pa.string())})
    rows = engine.run("gate/named", {**tables, "offending": offending}).to_pylist()
    return {row.pop("sku"): row for row in rows}


def _skipped(check: Check) -> Finding:
    return Finding(check.name, check.severity, check.says, None, 0, [])


def _opened(engine: Engine, path: Path) -> dict[str, Rows]:
    """Read a file as the tables `people` and `slots`."""
    rows = engine.store(sheet.read(engine, path, COLUMNS))
    people = engine.keep("gate/people", {"sheet": rows})
    return {"people": people, "slots": engine.keep("gate/slots", {"sheet": rows, "people": people})}


def _rules(engine: Engine, rules: Sequence[Rule], tables: Mapping[str, Rows]) -> dict[str, Rows]:
    """Lay out marketing's rules as tables, and find which parts and rows each is about."""
    numbered = list(enumerate(rules))
    columns = {"number": pa.int64(), "name": pa.string(), "do": pa.string(), "slots": pa.int64()}
    columns |= {f"by_{what}": pa.bool_() for what in CONDITIONS}
    columns |= {"price_from": pa.float64(), "price_below": pa.float64()}
    rows = [
        {
            "number": number,
            **rule.as_parameter(SLOTS),
            **{f"by_{what}": bool(getattr(rule, what)) for what in CONDITIONS},
        }
        for number, rule in numbered
    ]
    names = [
        {"number": number, "what": what, "name": name}
        for number, rule in numbered
        for what in CONDITIONS
        for name in getattr(rule, what)
    ]
    named = pa.schema({"number": pa.int64(), "what": pa.string(), "name": pa.string()})
    laid = {
        "rules": pa.Table.from_pylist(rows, pa.schema(columns)),
        "rule_names": pa.Table.from_pylist(names, named),
    }
    made = {name: engine.keep(f"gate/{name}", {**tables, **laid}) for name in ("rule_parts", "rule_rows")}
    return {**laid, **made}


def _limits(settings: Settings, as_of: int) -> dict[str, Any]:
    gate = settings.gate
    return settings.eligibility.model_dump() | {
        "bought_from_s": as_of - settings.recommend.exclude_days * DAY,
        "per_part_type": settings.recommend.per_part_type,
        "min_users": gate.min_users,
        "max_user_change": gate.max_user_change,
        "min_variety": gate.min_variety,
        "max_first_share": gate.max_first_share,
        "max_tier_change": gate.max_tier_change,
        "max_price_change": gate.max_price_change,
    }
