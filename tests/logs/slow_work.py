"""Work that takes a while, importable by the workers of a cluster."""

import time

from badgateway.logs.scan import Scanned, scan
from badgateway.logs.source import Piece


def slow_scan(piece: Piece) -> Scanned:
    """The scan, slow enough for something to happen meanwhile."""
    time.sleep(0.4)
    return scan(piece)
