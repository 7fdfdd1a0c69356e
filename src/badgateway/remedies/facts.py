"""What a plan is made from: the verdict, what was seen besides, the files, the running servers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from badgateway.model.machine import Measured, Naming, OtherResolver, Rule, Running, Service
from badgateway.model.observation import Evidence
from badgateway.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Facts:
    """This site as it is now.

    Attributes:
        verdict: what is broken.
        text: the contents of a file of this machine; None where it is none or may not be read.
        running: the servers.
        services: what can be started by name.
        rules: what the firewalls do not let through.
        stopped: processes that are stopped by a signal, of the servers that do not answer.
        memory: free, in MB; None where unknown.
        child: memory that one PHP-FPM child takes, in MB; None where unknown.
        measured: by upstream, how it answers when nobody hurries it.
        resolvers: name servers of this machine.
        caches: programs that keep answers of DNS.
        ports: the kernel's range of local ports; None where unknown.
        naming: who keeps the list of name servers here; None where unknown, or not looked at.
        others: resolvers whose answer leads to a page that works; None where none was asked.
        stated: what the owner stated on the command line, by name.
    """

    verdict: Verdict
    text: Callable[[str], str | None]
    running: tuple[Running, ...] = ()
    services: tuple[Service, ...] = ()
    rules: tuple[Rule, ...] = ()
    stopped: tuple[int, ...] = ()
    memory: int | None = None
    child: int | None = None
    measured: Mapping[str, Measured] = field(default_factory=dict)
    resolvers: tuple[str, ...] = ()
    caches: tuple[Running, ...] = ()
    ports: tuple[int, int] | None = None
    naming: Naming | None = None
    others: tuple[OtherResolver, ...] | None = None
    stated: Mapping[str, str] = field(default_factory=dict)

    @property
    def nginx_resolvers(self) -> tuple[str, ...]:
        """The name servers that nginx is told to ask for this site's upstream."""
        return resolvers_told(self.verdict, self.text)

    @property
    def evidence(self) -> Evidence:
        """All observations."""
        return Evidence(self.verdict.observations)

    def server(self, product: str, file: str = "") -> Running | None:
        """The running server of a product; of several the one that a file belongs to."""
        found = [one for one in self.running if one.product == product]
        for one in found:
            if one.config == file:
                return one
        folder = file.rsplit("/", 1)[0]
        near = [one for one in found if one.config and folder.startswith(_folder(one.config))]
        return near[0] if near else found[0] if len(found) == 1 else None


def resolvers_told(verdict: Verdict, text: Callable[[str], str | None]) -> tuple[str, ...]:
    """The addresses of `resolver` in nginx's files that look up an upstream at each request."""
    files = {
        o.text("file")
        for o in verdict.observations
        if o.name == "config-upstream" and o.text("by") == "nginx" and o.value.get("variable")
    }
    found: list[str] = []
    for file in sorted(files):
        found += re.findall(r"(?<![\w#])resolver[ \t]+([\d.]{7,15})", text(file) or "")
    return tuple(dict.fromkeys(found))


def _folder(path: str) -> str:
    return path.rsplit("/", 1)[0]
