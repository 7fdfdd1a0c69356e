"""What a WordPress site can do without: an update that did not end, a plugin that breaks it."""

import re
from collections.abc import Iterator

from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding

FINDERS = ("maintenance_file", "named_plugin")

_FAILURES = (
    *("php-fatal", "wordpress-fatal", "memory-limit-hit", "execution-time-exceeded"),
    *("slow-script", "slow-request"),
)


def maintenance_file(facts: Facts) -> Iterator[Binding]:
    """WordPress's own sign of an update that did not end."""
    for folder in _sites(facts):
        path = f"{folder}/.maintenance"
        if facts.text(path) is not None:
            yield {"path": path}


def named_plugin(facts: Facts) -> Iterator[Binding]:
    """The one plugin that the logs name: WordPress leaves out what lies under another name."""
    found: dict[str, str] = {}
    for folder in _sites(facts):
        # Where wp-content lies unless the site says otherwise.
        plugins = f"{folder}/wp-content/plugins/"
        pattern = re.compile(re.escape(plugins) + r"([\w.@-]+)(?:/[\w./@-]*)?")
        for o in facts.evidence.named(*_FAILURES):
            for text in (o.text("file"), o.text("detail")):
                if (named := pattern.search(text)) and _there(facts, named[0]):
                    found[named[1]] = plugins + named[1]
                    break
    if len(found) == 1:
        name, path = found.popitem()
        yield {"plugin": name, "path": path}


def _sites(facts: Facts) -> list[str]:
    """The folders of the sites whose wp-config.php was read here."""
    files = [o.text("file") for o in facts.evidence.named("config-database")]
    return list(dict.fromkeys(f.rpartition("/")[0] for f in files if f.startswith("/")))


def _there(facts: Facts, file: str) -> bool:
    return facts.text(re.sub(r"[:(].*", "", file).rstrip(".")) is not None
