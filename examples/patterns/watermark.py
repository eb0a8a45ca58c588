"""Follow a growing file: a service that knows after a restart how far it had come."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from iop import BusinessOperation, Message, PollingBusinessService, Production, setting, target


@dataclass
class Entry(Message):
    """One line of the file.

    Attributes:
        offset: Where it begins, in bytes: its name for ever.
        text: The line, without its end.
    """

    offset: int
    text: str


class Follower(PollingBusinessService):
    """Sends each complete line of a file.

    The offset is stored after each poll, when the lines are on disk as messages: after a crash
    in between they are sent again, none is left out.
    """

    PERSISTENT_PROPERTY_LIST = ("offset",)

    Output = target()
    File = setting("inbox.log")
    MaxLines = setting(100)

    def on_init(self) -> None:
        """Begin at the beginning, unless an offset is stored: that counts more."""
        self.offset = 0

    def on_poll(self) -> None:
        """Send what has been added."""
        source = Path(self.File)
        if not source.exists():
            return
        with source.open("rb") as lines:
            lines.seek(self.offset)
            for _ in range(self.MaxLines):
                line = lines.readline()
                if not line.endswith(b"\n"):
                    break  # the end, or a line that is still being written
                # On disk when this returns: no message is in hand here.
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.send_request_async(self.Output, Entry(self.offset, text))
                self.offset += len(line)


class Archive(BusinessOperation):
    """Writes entries to a table; one that comes twice changes nothing."""

    Database = setting("archive.sqlite")

    def on_init(self) -> None:
        """Make the table."""
        with closing(sqlite3.connect(self.Database)) as connection:
            connection.execute("create table if not exists entries (offset integer primary key, text text not null)")

    def on_message(self, request: Entry) -> None:
        """Write one entry."""
        with closing(sqlite3.connect(self.Database)) as connection, connection:
            connection.execute("insert or ignore into entries values (?, ?)", (request.offset, request.text))


def build_production(folder: Path, *, seconds: float = 1.0) -> Production:
    """Return the production that follows ``inbox.log`` of a folder.

    Args:
        folder: Where the file and the archive are.
        seconds: Between two looks.
    """
    made = Production("Patterns.Watermark")
    follower = made.service(
        Follower, settings={"File": str(folder / "inbox.log")}, adapter_settings={"CallInterval": seconds}
    )
    archive = made.operation(Archive, settings={"Database": str(folder / "archive.sqlite")})
    made.connect(follower.Output, archive)
    return made


production = build_production(Path.cwd())
