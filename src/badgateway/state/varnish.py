"""Varnish writes its log into memory: `varnishlog` prints what is still there (varnishlog(1))."""

import itertools
from collections.abc import Iterator
from pathlib import Path

from badgateway.model.material import Material, material_of
from badgateway.state.software import Software
from badgateway.transport.command import output_of

_QUERY = "FetchError or VCL_Error or BerespStatus >= 500"
_TAGS = "FetchError,VCL_Error,BackendOpen,BerespStatus,Backend_health,Timestamp"
_MOST = 1_000_000


def shared_log(software: Software) -> Iterator[Material]:
    """The failed requests in the log of a running Varnish; nothing where it cannot be read."""
    words = ["varnishlog", "-d", "-g", "request", "-q", _QUERY, "-i", _TAGS]
    if name := _instance(software):
        words += ["-n", name]
    text = output_of(words)
    if text and text.lstrip().startswith(("*", "-")):
        yield material_of(f"varnishlog of process {software.pid}", text[-_MOST:])


def _instance(software: Software) -> str:
    """The value of `-n` on its command line, its working directory or name; empty for the usual."""
    try:
        words = Path(f"/proc/{software.pid}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    parts = words.split("\0")
    return next((b for a, b in itertools.pairwise(parts) if a == "-n"), "")
