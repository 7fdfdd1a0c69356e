"""Hostile text made harmless for a terminal and a log: nothing is interpreted, nothing hides."""

import re
import unicodedata

_ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""Control characters, and the invisible ones that turn the direction of text or hide in it."""


def safe(text: str, limit: int = 400) -> str:
    r"""`text` on one line, control characters shown as `\x1b` and the like, cut at `limit`."""
    text = text[: limit * 4]
    text = text.replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
    shown = _ODD.sub(lambda found: _escape(found[0]), text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def width(text: str) -> int:
    """Columns that `text` takes in a terminal."""
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
