"""The visitor's browser: what a real Chromium keeps of its visits, in a profile of its own."""

import json
import shutil
from typing import TYPE_CHECKING, cast

from badgateway.lab.box import LabError
from badgateway.lab.servers.chromium import Chromium
from badgateway.lab.ways import Heal, break_it

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("browse", "browser_flags")

_SETTINGS = "/etc/chromium.d"
"""Where Debian's chromium takes the machine's further flags from."""


def browse(
    lab: "Lab",
    profile: str,
    pages: list[str],
    blocks: str = "",
    during: list[dict[str, object]] | None = None,
    again: bool = False,
) -> Heal:
    """Visit pages with Chromium on the client; what it keeps stays in a profile.

    `profile` is below the client's folder and begins empty, unless the person comes `again`.
    `blocks` is a site that an extension, which is installed first, blocks. What `during` breaks
    (tables with `way` and its arguments) is healed when the visit is over.
    """
    chromium = cast("Chromium", lab.server("chromium"))
    folder = lab.network.hops["client"].folder / profile
    if not again:
        shutil.rmtree(folder, ignore_errors=True)
    heals: list[Heal] = []
    try:
        for one in during or []:
            arguments = {key: value for key, value in one.items() if key != "way"}
            heals.append(break_it(lab, str(one["way"]), arguments))
        said = chromium.visit(folder, pages, _blocker(chromium, blocks) if blocks else None)
    finally:
        for heal in reversed(heals):
            heal()
    if said.count("status ") + said.count("BLOCKED_BY_CLIENT") < len(pages):
        raise LabError(f"Chromium did not see the pages: {said.strip()[-300:]}")
    return lambda: shutil.rmtree(folder, ignore_errors=True)


def browser_flags(lab: "Lab", flags: str) -> Heal:
    """Let whoever starts Chromium on the client start it with further flags."""
    chromium = lab.server("chromium")
    folder = chromium.folder / "chromium.d"
    folder.mkdir(exist_ok=True)
    (folder / "flags").write_text(f'export CHROMIUM_FLAGS="$CHROMIUM_FLAGS {flags}"\n')
    chromium.hop.run("mount", "--bind", str(folder), _SETTINGS)
    return lambda: chromium.hop.run("umount", _SETTINGS)


def _blocker(chromium: Chromium, site: str) -> str:
    """The folder of an extension that blocks everything of a site."""
    folder = chromium.folder / "page-guard"
    folder.mkdir(exist_ok=True)
    rule = {
        "id": 1,
        "priority": 1,
        "action": {"type": "block"},
        "condition": {
            "urlFilter": f"||{site}",
            "resourceTypes": ["main_frame", "sub_frame", "script", "image", "xmlhttprequest"],
        },
    }
    manifest = {
        "manifest_version": 3,
        "name": "Page guard",
        "version": "1.0",
        "permissions": ["declarativeNetRequest"],
        "host_permissions": ["<all_urls>"],
        "declarative_net_request": {
            "rule_resources": [{"id": "sites", "enabled": True, "path": "rules.json"}]
        },
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "rules.json").write_text(json.dumps([rule]))
    return str(folder)
