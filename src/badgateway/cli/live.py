"""A picture that is drawn anew by itself, where there is a terminal to draw it on."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live


class Board:
    """A place on a terminal for one picture at a time; it leaves no trace when it ends."""

    def __init__(self, stream: TextIO, wanted: bool, per_second: int = 2) -> None:
        """A board that shows nothing yet.

        Args:
            stream: where it is drawn, if that is a terminal.
            wanted: whether anything is shown at all.
            per_second: how often it is drawn.
        """
        self._stream, self._wanted, self._per_second = stream, wanted, per_second
        self._live: Live | None = None

    def begin(self, picture: "Callable[[Console], RenderableType]") -> bool:
        """Show a picture until `end`; whether there is a terminal to show it on."""
        if not self._wanted or not self._stream.isatty():
            return False
        from rich.live import Live  # noqa: PLC0415

        from badgateway.report.terminal import console  # noqa: PLC0415

        out = console(self._stream)
        self._live = Live(
            console=out,
            get_renderable=lambda: picture(out),
            refresh_per_second=self._per_second,
            transient=True,
        )
        self._live.start()
        return True

    def end(self) -> None:
        """Take it away again."""
        if self._live is not None:
            self._live.stop()
            self._live = None
