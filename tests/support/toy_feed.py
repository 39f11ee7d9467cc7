"""A feed that `test_recipes.py` adds by its recipe: who gave which part how many stars."""

from __future__ import annotations

from tests.support.toys import Edit, Edits

_RAW = """    RawTable("ratings", {"user_id": pa.string(), "sku": pa.string(), "stars": pa.int64()}, {}),
"""
_CLEAN = """RATINGS = CleanTable(
    "ratings",
    (
        Column("user_id", pa.string(), "id of the source", required=True),
        Column("sku", pa.string(), "upper case", required=True),
        Column("stars", pa.int64(), "most that the user gave", required=True),
    ),
    ("user_id", "sku"),
)
"""
_SQL = """-- purpose: ratings to one row per user and SKU, a toy
-- params: none
-- reads: ratings
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, user_id STRING, sku STRING,
--          stars INT64
WITH accounts AS (
  SELECT 'rejected' AS outcome, 'rating.no_sku' AS reason, r.user_id AS value, '{}' AS source_row, 1 AS n
  FROM ratings AS r
  WHERE r.sku IS NULL
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM ratings AS r
)

SELECT
  'clean' AS outcome, CAST(NULL AS STRING) AS reason, CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n, r.user_id, UPPER(r.sku) AS sku, MAX(r.stars) AS stars
FROM ratings AS r
WHERE r.sku IS NOT NULL
GROUP BY r.user_id, UPPER(r.sku)
UNION ALL
SELECT
  a.outcome, a.reason, a.value, a.source_row, a.n,
  CAST(NULL AS STRING) AS user_id, CAST(NULL AS STRING) AS sku, CAST(NULL AS INT64) AS stars
FROM accounts AS a
"""
_FLAT = """-- purpose: no list of a shop has ratings, a toy
-- params: none
-- reads: lines
-- returns: user_id STRING, sku STRING, stars INT64
SELECT CAST(NULL AS STRING) AS user_id, l.sku, CAST(NULL AS INT64) AS stars
FROM lines AS l
WHERE FALSE
"""
_GRAPH = """-- purpose: who rated which product, a toy
-- params: none
-- reads: clean_ratings, product
-- returns: user_id STRING, sku STRING, stars INT64
SELECT r.user_id, r.sku, r.stars
FROM clean_ratings AS r
INNER JOIN product AS p ON p.sku = r.sku
ORDER BY r.user_id, r.sku
"""
_RELATIONSHIP = """    Relationship(
        "RATED", "rated", "User", "user_id", "Product", "sku", (Property("stars", "int", "from 1"),), "A toy."
    ),
"""
_GENERATE = """    user_id, sku = ids.slice(0, 1), scene.catalogue.sku.slice(0, 1)
    write(folder, "ratings", 1, lambda part: pa.table({"user_id": user_id, "sku": sku, "stars": pa.array([5])}))
    rows["ratings"] = 1
"""
_SCHEMA = """    "ratings": pa.schema({"user_id": pa.string(), "sku": pa.string(), "stars": pa.int64()}),
"""
_SIMULATOR = "holley_graph/simulator"

FEED = {
    "loaders/contracts.py": Edits(
        (
            Edit("loaders/contracts.py", _RAW, "\nRAW = (\n"),
            Edit("loaders/contracts.py", _CLEAN, '    ("email", "sku"),\n)\n'),
            Edit(
                "loaders/contracts.py",
                '    Feed("ratings", RATINGS, "catalog"),\n',
                '    Feed("orders", ORDERS, "catalog"),\n',
            ),
        )
    ),
    "sql/NAME.sql": Edit("sql/ratings.sql", _SQL),
    "sql/flat/RAW.sql": Edit("sql/flat/ratings.sql", _FLAT),
    "holley_graph/settings/sections.py": Edit(
        "holley_graph/settings/sections.py",
        '    ratings_table: str = "import_ratings"\n    """Table of ratings."""\n',
        '    """Table of order lines."""\n',
    ),
    "holley_graph/simulator/": Edits(
        (
            Edit(f"{_SIMULATOR}/schemas.py", _SCHEMA, "SCHEMAS = {\n"),
            Edit(f"{_SIMULATOR}/generate.py", "\nimport pyarrow as pa\n", "from typing import Any\n"),
            Edit(f"{_SIMULATOR}/generate.py", ", write", "from holley_graph.simulator.raw import Traps"),
            Edit(
                f"{_SIMULATOR}/generate.py",
                _GENERATE,
                '    rows["events"] = raw_events.build(folder, scene, of_person, visited, traps)\n',
            ),
        )
    ),
    "holley_graph/graph/schema.py": Edit("holley_graph/graph/schema.py", _RELATIONSHIP, "\nRELATIONSHIPS = (\n"),
    "sql/graph/TABLE.sql": Edit("sql/graph/rated.sql", _GRAPH),
    "docs/contract.md": Edit(
        "docs/contract.md", "\n**Ratings**: without a SKU, `rating.no_sku`.\n", "\n## 2. Value rules\n"
    ),
}
