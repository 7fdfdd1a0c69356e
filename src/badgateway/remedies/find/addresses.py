"""Where requests should go: another address, another port, another socket, another scheme."""

import re
from collections.abc import Iterator

from badgateway.model.listening import address_of
from badgateway.model.observation import Observation
from badgateway.remedies.edit import lines_of, nginx
from badgateway.remedies.facts import Facts
from badgateway.remedies.find import Binding
from badgateway.remedies.find.here import at, failing, once, upstreams, where, written

FINDERS = (
    *("stated_upstream", "listener", "not_tls", "wants_tls", "sni", "database", "resolver"),
    *("tls_versions", "health_path", "reused_connections", "fixed_host", "stated_name"),
)


def stated_upstream(facts: Facts) -> Iterator[Binding]:
    """The owner says where the application listens."""
    stated = facts.stated.get("upstream")
    if not stated:
        return
    wrong = [o for o in failing(facts) or upstreams(facts) if o.text("upstream") != stated]
    for line in once(wrong):
        yield at(line, upstream=line.text("upstream"), found=stated)


def stated_name(facts: Facts) -> Iterator[Binding]:
    """The owner says where the application listens; nginx has the name for it in a variable."""
    whole = facts.stated.get("upstream", "")
    stated = address_of(whole)
    if stated is None or stated.path:
        return
    for line in _by_variable(facts):
        file, name = line.text("file"), line.text("upstream")
        if not file.startswith("/") or not name.endswith(f":{stated.port}"):
            continue  # another port stands in the directive itself, not in the variable
        variable = name.removesuffix(f":{stated.port}").removeprefix("$")
        if found := nginx.given(facts.text(file) or "", line.value.get("line"), variable):
            number, old = found
            if old != stated.host:
                yield {**at(line, old=old, found=stated.host, whole=whole), "line": number}


def fixed_host(facts: Facts) -> Iterator[Binding]:
    """Nginx asks the upstream for one fixed name that is none of this site's."""
    for line in once(upstreams(facts)):
        if line.text("by") != "nginx" or line.text("protocol") not in ("http", "https"):
            continue
        text, number = facts.text(line.text("file")) or "", line.value.get("line")
        for place, words in nginx.in_force(text, number, "proxy_set_header"):
            fixed = len(words) == 2 and words[0].lower() == "host" and "$" not in words[1]
            if fixed and words[1] not in line.items("sites"):
                yield {**at(line, header=words[0], old=words[1]), "line": place}


def listener(facts: Facts) -> Iterator[Binding]:
    """Nothing listens where requests are sent, and exactly one listener can be meant."""
    if facts.stated.get("upstream"):
        return
    meant = {
        o.text("upstream"): o.text("found")
        for o in facts.evidence.named("listens-elsewhere", "listens-on-other-family")
    }
    for line in once(upstreams(facts)):
        upstream = line.text("upstream")
        found = meant.get(upstream) or _pool(facts, line) or _loopback(facts, upstream)
        if (there := address_of(found)) is not None and there.everywhere and not there.path:
            found = f"127.0.0.1:{there.port}"
        if found:
            yield at(line, upstream=upstream, found=found)


def _pool(facts: Facts, line: Observation) -> str:
    """The one pool of PHP-FPM's on the machine that is asked; any pool runs any script."""
    silent = {o.text("upstream") for o in facts.evidence.named("no-listener")}
    asked = facts.evidence.named("upstream-asked")
    silent |= {o.text("upstream") for o in asked if o.text("result") == "other-protocol"}
    wanted = address_of(line.text("upstream"))
    if line.text("protocol") != "fastcgi" or line.text("upstream") not in silent or wanted is None:
        return ""
    listening = {o.text("address") for o in facts.evidence.named("listening")}
    found = {
        o.text("address")
        for o in facts.evidence.named("config-pool")
        if o.text("address") in listening
        and (there := address_of(o.text("address"))) is not None
        and bool(there.path) == bool(wanted.path)
        and there.host == wanted.host
    }
    return found.pop() if len(found) == 1 else ""


def _loopback(facts: Facts, upstream: str) -> str:
    """For `localhost`, the one of its two addresses at which somebody listens."""
    wanted = address_of(upstream)
    if wanted is None or wanted.host != "localhost":
        return ""
    here = [o for o in facts.evidence.named("listening") if not o.text("place")]
    there = [address_of(o.text("address")) for o in here]
    hosts = {a.host for a in there if a is not None and a.port == wanted.port and a.loopback}
    if len(hosts) != 1:
        return ""
    host = hosts.pop()
    return f"[{host}]:{wanted.port}" if ":" in host else f"{host}:{wanted.port}"


def not_tls(facts: Facts) -> Iterator[Binding]:
    """The gateway speaks TLS to an upstream that does not."""
    named = {o.text("upstream") for o in facts.evidence.named("upstream-not-tls")}
    for line in once(upstreams(facts)):
        plain = facts.measured.get(line.text("upstream"))
        # HAProxy's lines say it by the word `ssl`.
        if line.text("protocol") != "https" and not re.search(r"\sssl(\s|$)", written(facts, line)):
            continue
        if line.text("upstream") in named or (plain is not None and plain.plain):
            yield at(line, upstream=line.text("upstream"))


def wants_tls(facts: Facts) -> Iterator[Binding]:
    """The gateway speaks plain HTTP to an upstream that wants TLS."""
    named = {o.text("upstream") for o in facts.evidence.named("upstream-is-tls")}
    asked = facts.evidence.named("upstream-asked")
    named |= {o.text("upstream") for o in asked if o.text("result") == "wants-tls"}
    for line in once(upstreams(facts)):
        if line.text("protocol") == "http" and line.text("upstream") in named:
            yield at(line, upstream=line.text("upstream"))


def sni(facts: Facts) -> Iterator[Binding]:
    """TLS to the upstream without a server name; HAProxy's line tells which name it verifies."""
    told = facts.evidence.named("config-flaw")
    flaws = {where(o) for o in told if o.text("flaw") == "sni-missing"}
    for line in once(upstreams(facts)):
        if where(line) in flaws and line.text("by") == "nginx":
            yield at(line)
        if line.text("by") == "haproxy":
            here = written(facts, line)
            name = re.search(r"\bverifyhost (\S+)", here)
            if name and re.search(r"\sssl\s", here) and " sni " not in here:
                yield at(line, name=name[1])


def database(facts: Facts) -> Iterator[Binding]:
    """The application looks for its database where it is not."""
    for wrong in facts.evidence.named("database-elsewhere"):
        wishes = facts.evidence.named("config-database")
        wish = next((o for o in wishes if where(o) == where(wrong)), None)
        if wish is not None and wish.text("file").startswith("/"):
            wanted, found = address_of(wish.text("database")), address_of(wrong.text("found"))
            if wanted is not None and found is not None and wanted.port != found.port:
                old = wish.text("database")
                new = f"{old.rpartition(':')[0]}:{found.port}"
                yield at(wish, by="wordpress", old=old, found=new, port=found.port)


def resolver(facts: Facts) -> Iterator[Binding]:
    """A resolver that nginx asks does not answer; this machine's own does."""
    for own in facts.resolvers[:1]:
        for line in _by_variable(facts):
            yield at(line, resolver=own)


def _by_variable(facts: Facts) -> Iterator[Observation]:
    """Lines of nginx's whose upstream is looked up at each request."""
    for o in facts.evidence.named("config-upstream"):
        if o.text("by") == "nginx" and o.value.get("variable") and not o.value.get("other_site"):
            yield o


def tls_versions(facts: Facts) -> Iterator[Binding]:
    """The gateway and its upstream have no TLS version in common, and the gateway's are limited."""
    told = facts.evidence.named("upstream-tls-failed")
    if any(o.text("reason") == "version" for o in told):
        for line in once(upstreams(facts)):
            if "proxy_ssl_protocols" in (facts.text(line.text("file")) or ""):
                yield at(line)


def health_path(facts: Facts) -> Iterator[Binding]:
    """The health check asks for a page that fails, while the site's own first page answers."""
    answering = {
        o.text("upstream")
        for o in facts.evidence.named("upstream-asked")
        if o.text("result") == "answers" and (o.number("status") or 599) < 400
    }
    named = facts.evidence.named(
        "health-check-failed", "upstreams-all-down", "upstream-marked-down"
    )
    for line in once(upstreams(facts)) if named else ():
        if line.text("upstream") not in answering:
            continue
        if line.text("by") != "varnish":
            yield at(line)
            continue
        for number, text in enumerate(lines_of(facts.text(line.text("file")) or ""), 1):
            if ".url" in text:
                yield {**at(line), "line": number}


def reused_connections(facts: Facts) -> Iterator[Binding]:
    """Apache reuses connections that the application has closed."""
    for line in once(upstreams(facts)):
        if line.text("by") == "apache":
            yield at(line)
