"""Build hook: prove every knowledge file and keep it parsed, so that loading it is quick."""

import json
import sys
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = Path(__file__).parent / "src"


class CompileKnowledge(BuildHookInterface):  # type: ignore[type-arg]
    """Write `knowledge/compiled.json`; a file that does not prove itself stops the build."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Runs before anything is packed, for editable installs too."""
        sys.path.insert(0, str(SOURCE))
        from badgateway.knowledge.compile import compiled
        from badgateway.knowledge.files import COMPILED

        target = SOURCE / "badgateway" / "knowledge" / COMPILED
        target.write_text(json.dumps(compiled()), "utf-8")
