"""Toys that `test_recipes.py` adds by the recipes of `CONTRIBUTING.md`: place to what goes there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Edit:
    """What a toy adds at a place: a new file, or text behind a piece of one that is there."""

    file: str
    text: str
    behind: str = ""

    def apply(self, root: Path) -> None:
        path = root / self.file
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        assert there.count(self.behind) == 1, f"{self.file} does not have once: {self.behind!r}"
        path.write_text(there.replace(self.behind, self.behind + self.text), encoding="utf-8")


@dataclass(frozen=True)
class Edits:
    """What a toy adds at a place that is several files, or at several lines of one."""

    edits: tuple[Edit, ...]

    def apply(self, root: Path) -> None:
        for edit in self.edits:
            edit.apply(root)


_MODEL = '''"""The two towers with longer product vectors: a toy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space


@dataclass(frozen=True)
class ToyConfig(FitmentRankerConfig):
    """What can be tuned."""

    stretch: float = 1.5
    """Factor of every product vector."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {"stretch": (0.5, 2.0)}


class Toy(FitmentRanker):
    """The two towers, one of them stretched."""

    configuration = ToyConfig

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: ToyConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.stretch = config.stretch

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return q [vehicles, dim] and z [products, dim]."""
        q, z = super().forward()
        return q, z * self.stretch
'''

MODEL = {
    "holley_graph/model/architectures/NAME.py": Edit("holley_graph/model/architectures/toy.py", _MODEL),
    "holley_graph/model/architectures/models.py": Edit(
        "holley_graph/model/architectures/models.py", '    "toy": "toy.Toy",\n', '    "click": "click.Click",\n'
    ),
    "docs/tour.md": Edit("docs/tour.md", "| `toy.py` | a toy |\n", "| `models.py` | names the models |\n"),
}

_QUERY = """// purpose: the first parts by number, a toy
// mode: read
// params: $k integer  how many
// returns: sku
MATCH (p:Product)
RETURN p.sku AS sku ORDER BY sku LIMIT $k
"""
_CALLER = '''

def toys(graph: Graph, k: int) -> list[Row]:
    """List the first parts by number."""
    return graph.read("find/toy", k=k)
'''

QUERY = {
    "cypher/ROOM/NAME.cypher": Edit("cypher/find/toy.cypher", _QUERY),
    "holley_graph/ROOM/": Edit(
        "holley_graph/find/find.py",
        _CALLER,
        '    return graph.read("find/parts", words=words.beginning(text), k=k)\n',
    ),
    "tests/integration/test_statements.py": Edit(
        "tests/integration/test_statements.py",
        '        "find/toy": {"k": 4},\n',
        '        "find/near_users": {"beginning": "u", "k": 4},\n',
    ),
}

_READER = '''

def toy_rows(rules: Recommend) -> int:
    """Say how many rows a toy has."""
    return rules.toy_rows
'''

SETTING = {
    "holley_graph/settings/sections.py": Edit(
        "holley_graph/settings/sections.py",
        '    toy_rows: int = Field(3, ge=1)\n    """Most rows of a toy."""\n',
        '    """The shape of an answer."""\n\n',
    ),
    "holley_graph/ROOM/": Edit(
        "holley_graph/recommend/strategies.py", _READER, '"holley-graph similar SKU")\n    return rows\n'
    ),
}
