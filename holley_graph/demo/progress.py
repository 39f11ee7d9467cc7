"""How long work tells where it is: `report(what, done, of)`."""

from collections.abc import Callable

Report = Callable[[str, int, int], None]


def silent(what: str, done: int, of: int) -> None:
    """Say nothing."""
