"""Where the embedded server keeps its things: one owner-only folder below the home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from holley_graph import files
from holley_graph.errors import AuthFailed
from holley_graph.settings import Settings


@dataclass(frozen=True)
class Layout:
    """Paths of one embedded server; `root` is Neo4j's own home directory."""

    root: Path

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the paths in the home of these settings; touch no file."""
        return cls(settings.home.absolute() / "server")

    @property
    def password_file(self) -> Path:
        """The generated password, nothing else."""
        return self.root / "password"

    @property
    def record(self) -> Path:
        """Which process serves this home."""
        return self.root / "server.json"

    @property
    def importing(self) -> Path:
        """Stands as long as an offline import has not ended well."""
        return self.root / "importing.json"

    @property
    def arguments(self) -> Path:
        """The whole command line of the server, as Java reads it."""
        return self.root / "server.args"

    @property
    def console(self) -> Path:
        """What the server of the latest start printed."""
        return self.root / "logs" / "console.log"

    @property
    def plugins(self) -> Path:
        """Where Neo4j looks for procedures."""
        return self.root / "plugins"

    @property
    def temporary(self) -> Path:
        """Scratch space of the JVM (native libraries are unpacked here)."""
        return self.root / "tmp"

    @property
    def class_list(self) -> Path:
        """The classes that a start without a class-data archive loaded."""
        return self.temporary / "classes.list"

    @property
    def store_lock(self) -> Path:
        """The file that a running Neo4j holds an OS lock on; its mere existence says nothing."""
        return self.root / "data" / "databases" / "store_lock"

    @property
    def stores(self) -> tuple[Path, Path]:
        """The two folders of the database `neo4j`: store files and transaction logs."""
        return self.root / "data" / "databases" / "neo4j", self.root / "data" / "transactions" / "neo4j"

    @property
    def started_before(self) -> bool:
        """Whether a server has ever started here (it then has its password)."""
        return (self.root / "data" / "databases" / "system").exists()

    def create(self) -> None:
        """Make the folders, for the owner only.

        A home that was there before keeps its own mode: it may be a folder of the user's with other things in it.
        """
        self.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.root, self.root / "conf", self.console.parent, self.plugins, self.temporary):
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)

    def locked(self) -> AbstractContextManager[object]:
        """Let one start, stop or import at a time work on this home; the others wait."""
        return files.locked(self.root / "up.lock")

    def password(self) -> str:
        """Return the generated password.

        Raises:
            AuthFailed: the file is gone.
        """
        return read_password(self.password_file)


def read_password(path: Path) -> str:
    """Return the password that a file holds, without the line end that editors add.

    Raises:
        AuthFailed: it cannot be read.
    """
    try:
        return files.content(path).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "holds no text"
        raise AuthFailed(f"password file {path}: {reason}", "put it back, or set server.password_file") from error
