"""The port for many readers at once: named `read` statements in one event loop, each within a time limit."""

from __future__ import annotations

from typing import Any

from holley_graph.graph import queries
from holley_graph.graph.client import ANSWER_S, Address, Row, translated
from holley_graph.graph.driver import neo4j


class Reader:
    """Connections that only read: the server itself refuses a write in them.

    Args:
        address: where, and as whom.
        timeout_s: after which the server ends a statement.
        connections: how many at once; further readers wait.
        max_rows: of an answer; what a statement has beyond is not fetched.
    """

    def __init__(self, address: Address, timeout_s: float, connections: int, max_rows: int) -> None:
        self._uri, self._database = address.uri, address.database
        self.timeout_s, self._max_rows = timeout_s, max_rows
        self._driver = neo4j.AsyncGraphDatabase.driver(
            address.uri,
            auth=(address.user, address.password),
            connection_timeout=ANSWER_S,
            connection_acquisition_timeout=ANSWER_S,
            max_connection_pool_size=connections,
            notifications_min_severity="OFF",
            user_agent="holley-graph",
        )

    async def read(self, name: str, /, **params: Any) -> list[Row]:
        """Run one `read` statement in a transaction of its own, without retries."""
        declared = queries.load(name)
        text: Any = declared.text
        query = neo4j.Query(text, timeout=self.timeout_s)
        session = self._driver.session(database=self._database, default_access_mode=neo4j.READ_ACCESS)
        with translated(self._uri):
            async with session:
                result = await session.run(query, declared.values(params))
                columns = result.keys()  # values of `read` statements are plain: `data()` would look into each
                return [
                    dict(zip(columns, record.values(), strict=True))
                    for record in await result.fetch(self._max_rows)
                ]

    async def close(self) -> None:
        """Give the connections back."""
        await self._driver.close()
