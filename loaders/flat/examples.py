"""An example of each list, as files to fill in: a small shop that works as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

from holley_graph.errors import SettingsError

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def write(folder: Path) -> list[Path]:
    """Write the lists and a file of settings into a folder; nothing that is there is overwritten.

    Raises:
        SettingsError: one of them is there already; none was written.
    """
    templates = sorted(_TEMPLATES.iterdir())
    there = [folder / path.name for path in templates if (folder / path.name).exists()]
    if there:
        raise SettingsError(f"{there[0]} exists already", "choose an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(path, folder / path.name)) for path in templates]
