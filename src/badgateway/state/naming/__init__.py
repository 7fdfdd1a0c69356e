"""Who this machine asks for names, and who keeps that list: one file per system that keeps it.

Read only; `knowledge/remedies/ask-another-resolver.toml` says how each list is changed.
"""

import sys

from badgateway.model.machine import Naming
from badgateway.state.naming import macos, networkmanager, resolv_conf, resolved, windows


def naming_of() -> Naming | None:
    """How this machine is told whom to ask; None where that cannot be read. Blocks."""
    if sys.platform == "darwin":
        return macos.look()
    if sys.platform == "win32":
        return windows.look()
    # Each of them writes into what stands behind it, so that the first that is at work counts.
    return networkmanager.look() or resolved.look() or resolv_conf.look()
