"""A response body: decompressed as it comes, bounded before and after, then made text."""

import re
import zlib

BODY_LIMIT = 262_144
"""Bytes of body that are kept, before and after decompression."""

_CHARSETS = re.compile(
    r"(utf|us-ascii|ascii|iso-?8859|latin|windows-|cp\d|gb|big5|shift|euc|koi8|tis-620|macintosh)"
    r"[a-z0-9_.-]{0,20}"
)
"""Charsets that the web uses. Python knows more, some of them (punycode) slow on hostile input."""


class Body:
    """The body, decoded as it comes and bounded before and after decoding."""

    def __init__(self, encoding: str = "", most: int = BODY_LIMIT) -> None:
        self.encoding = encoding
        self._most = most
        self.received = 0
        self.full = False
        self._kept = bytearray()
        self._inflate: zlib._Decompress | None = None

    def add(self, data: bytes) -> None:
        """Take the next bytes as received."""
        if not data:
            return
        self.received += len(data)
        if self.encoding.lower() in ("gzip", "x-gzip", "deflate"):
            try:
                data = self._decoded(data)
            except zlib.error:
                self.encoding = "broken"
        self._kept += data[: self._most - len(self._kept)]
        self.full = self.received >= self._most or len(self._kept) >= self._most

    def _decoded(self, data: bytes) -> bytes:
        if self._inflate is None:
            # 47: gzip or zlib by its own header; raw deflate, which some servers send, by -15.
            raw = self.encoding.lower() == "deflate" and (data[0] & 0x0F) != 8
            self._inflate = zlib.decompressobj(-15 if raw else 47)
        return self._inflate.decompress(data, self._most - len(self._kept))

    def text(self, content_type: str) -> str:
        """What was kept, as text."""
        return decoded(bytes(self._kept), content_type)


def decoded(body: bytes, content_type: str) -> str:
    """Bytes of a page as text: by its declared charset, else UTF-8; wrong bytes are replaced."""
    _, _, charset = content_type.lower().partition("charset=")
    charset = charset.split(";")[0].strip(" \"'") or "utf-8"
    if not _CHARSETS.fullmatch(charset):
        charset = "utf-8"
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):
        return body.decode("utf-8", "replace")
