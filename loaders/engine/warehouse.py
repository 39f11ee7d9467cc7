"""An engine elsewhere: tables go there, statements run there, and only results come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from holley_graph.loaders.engine.engine import Rows


class Warehouse(Protocol):
    """Runs statements where their results stay."""

    def keep(self, name: str, tables: Mapping[str, Any], /, **values: Any) -> Any:
        """Run a statement, and leave its rows there.

        Args:
            name: of the statement's file.
            tables: at least those that its header names: what `keep` returned, a Parquet file or a table in memory.
                A file or table goes there when it is first read.
            values: at least those that its header names.
        """

    def read(self, rows: Any, /) -> Rows:
        """Bring rows that were kept here, in any order."""
