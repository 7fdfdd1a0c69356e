"""Varnish writes its log into memory: `varnishlog` prints what is still there (varnishlog(1))."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

from badgateway.model.material import Material, material_of
from badgateway.state.software import Software
from badgateway.transport.command import output_of

_QUERY = "FetchError or VCL_Error or BerespStatus >= 500"
_TAGS = "FetchError,VCL_Error,BackendOpen,BerespStatus,Backend_health,Timestamp"
_TIME = re.compile(r"Timestamp\s+\w+: (\d+\.\d+)")
"""A moment of a request, in seconds of the epoch (vsl(7))."""
_MOST = 1_000_000


def shared_log(software: Software, since: float) -> Iterator[Material]:
    """The failed requests in the log of a running Varnish; nothing where it cannot be read.

    Args:
        software: the Varnish.
        since: what it did before is left out, seconds of the epoch.
    """
    words = ["varnishlog", "-d", "-g", "request", "-q", _QUERY, "-i", _TAGS]
    if name := _instance(software):
        words += ["-n", name]
    text = output_of(words)
    if text and text.lstrip().startswith(("*", "-")):
        recent = "".join(_recent(text[-_MOST:], since))
        if recent:
            yield material_of(f"varnishlog of process {software.pid}", recent)


def _recent(text: str, since: float) -> Iterator[str]:
    """The requests that began since; each stands below a line of one star (varnishlog(1))."""
    for request in re.split(r"(?m)^(?=\*\s+<<)", text):
        times = _TIME.findall(request)
        if times and max(map(float, times)) >= since:
            yield request


def _instance(software: Software) -> str:
    """The value of `-n` on its command line, its working directory or name; empty for the usual."""
    try:
        words = Path(f"/proc/{software.pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    parts = words.split("\0")
    return next((b for a, b in itertools.pairwise(parts) if a == "-n"), "")
