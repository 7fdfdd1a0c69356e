"""On the server: find what serves the site, follow a request's way, read what stands along it."""

import asyncio
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from badgateway.inference.judge import judge_material
from badgateway.inference.wiring.evidence import asked_with
from badgateway.investigate.asking import (
    ask_databases,
    ask_upstreams,
    at_work,
    doors_of,
    upstreams_of,
)
from badgateway.investigate.check import check_url
from badgateway.investigate.sort import MOST_FORMATS, read_sorted
from badgateway.knowledge.base import knowledge
from badgateway.model.hop import Hop
from badgateway.model.listening import address_of
from badgateway.model.material import Material, material_of
from badgateway.model.observation import Evidence, Observation, Value
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Verdict
from badgateway.model.vocabulary import vocabulary
from badgateway.remedies import steps_for
from badgateway.state import host, packet_filter, sockets
from badgateway.state.ask import is_root
from badgateway.state.front import ask_doors
from badgateway.state.kernel import kernel_log
from badgateway.state.place import Place, places
from badgateway.state.software import APPLICATIONS, GATEWAYS, PRODUCTS, Software, software_of
from badgateway.state.varnish import shared_log
from badgateway.transport.files import material_at

DEEPEST = 4
"""Places a request is followed through: gateway, application, database, and one more."""
TAIL = 8 * 1024 * 1024
"""Bytes at the end of a log that are read."""
RECENT = 3_600
"""Seconds that count as now, where nobody asks about another time."""
REQUESTS = 2 * 1024 * 1024
"""Bytes at the end of an access log that are read."""
MOST_SITES = 20
"""Folders of sites that are looked into."""
YOUNG = 60.0
"""Seconds within which a process that began may still be starting."""
MOST_FILES = 300
"""Files of configuration that are read, includes among them."""
_OF_PEOPLE = ("page-text", "nothing-known", "reported")
"""What only a text of a person's can say."""
_OF_NOW = ("listening",)
"""What the machine itself tells better than a log, which tells of what was."""
_DOCUMENTS = re.compile(
    r"(?mi)^[^#\n]{0,400}?\b(?:root|alias|DocumentRoot|chdir)[ \t=]+\"?(/[\w./-]{1,200})"
)
"""Where a server's configuration says that a site's files are."""
_INCLUDE = re.compile(
    r"(?mi)^[ \t]*include(?:optional)?[ \t]*=?[ \t]+\"?([^\";#\n]+?)\"?[ \t]*;?[ \t\r]*$"
)


@dataclass(frozen=True, slots=True)
class Request:
    """What the owner wants to know.

    Attributes:
        site: the site's name; empty for all that are served here.
        target: the page that is asked for from outside as well; None for none.
        since: what logs say of the time before is left out.
        more: material of other machines: bundles, logs, a visitor's verdict.
        root: a copied tree that is read instead of this machine; its state is not there.
    """

    site: str = ""
    target: Target | None = None
    since: datetime | None = None
    more: tuple[Material, ...] = ()
    root: Path | None = None


@dataclass(slots=True)
class _Search:
    """What has been found so far."""

    request: Request
    evidence: Evidence = field(default_factory=Evidence)
    files: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    gateways: list[Software] = field(default_factory=list)
    applications: list[Software] = field(default_factory=list)


async def inspect_machine(request: Request, wishes: Wishes | None = None) -> Verdict:
    """Everything that this machine shows about the site, and one verdict."""
    started = time.monotonic()
    search = _Search(request)
    outside = None
    if request.target is not None and not any(_is_visit(m) for m in request.more):
        outside = asyncio.ensure_future(check_url(request.target, wishes or Wishes()))
    for material in request.more:
        _add(search, read_sorted(replace(material, since=request.since)))
    if request.root is not None:
        _tree(search, request.root)
    else:
        await _machine(search)
    if outside is not None:
        _add(search, _seen_only((await outside).observations))
    known = knowledge()
    subject = request.target.url if request.target else request.site or "this machine"
    verdict = judge_material(search.evidence, subject, known)
    verdict = replace(verdict, steps=steps_for(verdict, known))
    return replace(verdict, elapsed_s=round(time.monotonic() - started, 3))


def _is_visit(material: Material) -> bool:
    """Whether it is a verdict of the visitor's side."""
    return '"badgateway.verdict/' in material.head[:4_096] and '"asked"' in material.head


def _seen_only(observations: Iterable[Observation]) -> Iterator[Observation]:
    words = vocabulary().observations
    return (replace(o, id="") for o in observations if not words[o.name].derived)


def _add(search: _Search, observations: Iterable[Observation]) -> None:
    for observation in observations:
        if _of_this_site(search.request.site, observation):
            search.evidence.add(observation)
        elif observation.name == "config-upstream":
            # Who else sends requests there tells whom a listener belongs to.
            value = {**observation.value, "other_site": True}
            search.evidence.add(replace(observation, value=value))


def _of_this_site(site: str, observation: Observation) -> bool:
    """Whether it speaks of the site, or of none in particular."""
    if not site:
        return True
    names = [str(name) for name in observation.items("sites")]
    server = observation.text("server").split("/")[0] or observation.text("upstream").split("/")[0]
    if names:
        return any(_same_name(name, site) for name in names)
    if "." in server and not re.search(r"\d$", server) and ":" not in server:
        return _same_name(server, site)
    return True


def _same_name(pattern: str, site: str) -> bool:
    pattern = re.sub(r"^https?://|:\d+$", "", pattern)
    if pattern.startswith("*."):
        return site.endswith(pattern[1:])
    return pattern in (site, "_", "") or pattern == f"www.{site}" or not pattern[:1].isalnum()


async def _machine(search: _Search) -> None:
    """What is seen in every place on the way, and which queues overflow while we look."""
    everywhere = await asyncio.to_thread(places)
    before = {place: host.overflows(place) for place in everywhere}
    for place in await _follow(search, everywhere):
        _add(search, host.overflowing(place, before[place]))
    # What took no connection when we began may do so now: an application that just started.
    failed = asked_with(search.evidence, "refused", "no-route")
    again = [u for u in upstreams_of(search.evidence, search.request.site) if u.address in failed]
    _add(search, await ask_upstreams(again, search.users))
    _add(search, await ask_databases(search.evidence))
    if asked_with(search.evidence, "silent"):
        _add(search, await asyncio.to_thread(at_work, search.applications))
    if search.evidence.first("http-response"):
        _add(search, await ask_doors(doors_of(search.evidence, search.gateways)))


async def _follow(search: _Search, everywhere: tuple[Place, ...]) -> list[Place]:
    """Our own place first; then each place that an upstream's address leads into."""
    ahead, seen = [everywhere[0]], list[Place]()
    for depth in range(DEEPEST):
        for place in ahead:
            seen.append(place)
            await asyncio.to_thread(_place, search, place, depth)
        upstreams = upstreams_of(search.evidence, search.request.site)
        if depth == 0:
            _add(search, await ask_upstreams(upstreams, search.users))
        hosts = {a.host for u in upstreams if (a := address_of(u.address)) and not a.path}
        hosts |= {
            a.host
            for o in search.evidence.named("config-database")
            if (a := address_of(o.text("database"))) is not None
        }
        inside = hosts - {"127.0.0.1", "::1"}
        ahead = [p for p in everywhere if p not in seen and inside & p.addresses]
        if not ahead:
            break
    return seen


def _place(search: _Search, place: Place, depth: int) -> None:
    found, listening = list(software_of(place)), list(sockets.look(place))
    if depth == 0:
        found = _serving(search, found, listening)
    for software in found:
        if software.product in APPLICATIONS:
            search.applications.append(software)
            _add(search, _young(software))
        if software.product in GATEWAYS:
            search.users.add(software.user)
            if not place.name:
                search.gateways.append(software)
        if software.config:
            _config(search, software)
        if software.product == "varnish":
            begin = search.request.since or datetime.now(UTC) - timedelta(seconds=RECENT)
            for material in shared_log(software, begin.timestamp()):
                _add(search, read_sorted(replace(material, since=search.request.since)))
    _add(search, listening)
    _add(search, host.look(place))
    if (filters := packet_filter.rules(place)) is not None:
        _add(search, read_sorted(filters))
    _wordpress(search, place.root, place.name)
    _logs(search, found)
    if not place.name:
        _add(search, _of_kernel(search))
        if not is_root():
            value = {
                "what": "sockets and logs of other users",
                "detail": "run it as root to see them",
            }
            _add(search, [Observation(Hop.HOST, "permission-lacking", value, "inspect")])


def _young(software: Software) -> Iterator[Observation]:
    """That an application began moments ago."""
    if software.age < YOUNG:
        value: dict[str, Value] = {
            "process": software.product,
            "pids": software.pids[:64],
            "seconds": round(software.age, 1),
            "place": software.place.name,
        }
        source = f"proc:/proc/{software.pid}/stat"
        yield Observation(Hop.UPSTREAM, "process-young", value, source)


def _serving(
    search: _Search, found: list[Software], listening: list[Observation]
) -> list[Software]:
    """The gateways whose configuration names the site; all of them where none does.

    An address is no name: there it is who listens at it that serves the page.
    """
    site, target = search.request.site, search.request.target
    if not site:
        return found
    if target is not None and target.literal:
        pids = _listening_at(target, listening)
        there = [s for s in found if s.product in GATEWAYS and pids & set(s.pids)]
        return [s for s in found if s in there or s.product not in GATEWAYS] if there else found
    named = [
        software
        for software in found
        if software.product in GATEWAYS
        and any(site in text for _, text in _with_includes(software.config, software.place.root))
    ]
    if not named:
        return found
    return [s for s in found if s in named or s.product not in GATEWAYS]


def _listening_at(target: Target, listening: list[Observation]) -> set[int]:
    """The processes that listen where a URL with a literal address leads."""
    found: set[int] = set()
    for observation in listening:
        address = address_of(observation.text("address"))
        pid = observation.value.get("pid")
        if address is None or address.port != str(target.port) or not isinstance(pid, int):
            continue
        if address.everywhere or address.host == target.host:
            found.add(pid)
    return found


def _config(search: _Search, software: Software) -> None:
    for path, text in _with_includes(software.config, software.place.root):
        key = f"{software.place.name}:{path}"
        if key in search.files:
            continue
        search.files.add(key)
        _add(search, _placed(software.place.name, _known(material_of(path, text))))
        _add(search, _changed(search, _under(software.place.root, path), path))
        search.documents |= {found.rstrip("/") for found in _DOCUMENTS.findall(text)}


def _known(material: Material) -> Iterator[Observation]:
    """What a file of a server says.

    One that no reader knows is no page, and its comments are nobody's report.
    """
    return (o for o in read_sorted(material) if o.name not in _OF_PEOPLE)


def _changed(search: _Search, file: Path, name: str) -> Iterator[Observation]:
    """Whether a file was changed since the time that is asked about, or in the last hour."""
    since = search.request.since
    begin = since.timestamp() if since else time.time() - RECENT
    try:
        changed = file.stat().st_mtime
    except OSError:
        return
    if changed >= begin:
        value: dict[str, Value] = {"path": name, "minutes": round((time.time() - changed) / 60)}
        yield Observation(Hop.HOST, "file-changed", value, f"stat:{name}")


def _placed(place: str, observations: Iterable[Observation]) -> Iterator[Observation]:
    """The observations with the place they come from."""
    for observation in observations:
        yield replace(observation, value={**observation.value, "place": place})


def _with_includes(path: str, root: Path) -> Iterator[tuple[str, str]]:
    """A configuration file and those that it includes, with their texts."""
    if not path:
        return
    waiting, seen = [path], set[str]()
    folder = str(Path(path).parent)
    while waiting and len(seen) < MOST_FILES:
        name = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            text = _under(root, name).read_text("utf-8", "replace")[: 1 << 22]
        except OSError:
            continue
        yield name, text
        for pattern in _INCLUDE.findall(text):
            full = pattern if pattern.startswith("/") else f"{folder}/{pattern}"
            base = _under(root, "/")
            try:
                matches = sorted(base.glob(full.lstrip("/")))
            except (ValueError, OSError):
                continue
            waiting += [
                "/" + str(match.relative_to(base))
                for match in matches
                if match.name not in ("fastcgi_params", "mime.types", "fastcgi.conf")
            ]


def _under(root: Path, path: str) -> Path:
    return Path(str(root).rstrip("/") + "/" + path.lstrip("/"))


def _wordpress(search: _Search, root: Path, place: str = "") -> None:
    """The settings and the log of every WordPress whose files a server's configuration names."""
    for folder in sorted(search.documents)[:MOST_SITES]:
        # The settings may stand one folder above the site (wordpress.org, Hardening WordPress).
        settings = (f"{folder}/wp-config.php", f"{Path(folder).parent}/wp-config.php")
        log = f"{folder}/wp-content/debug.log"
        for name in (*settings, log):
            file, key = _under(root, name), f"{place}:{name}"
            if key in search.files or not file.is_file():
                continue
            search.files.add(key)
            with suppress(OSError):
                found = material_at(file, name)
                if name in settings:
                    _add(search, _placed(place, _known(found)))
                else:
                    dated = replace(found, since=search.request.since, dated_only=True)
                    _add(search, _known(dated.tail(TAIL)))


def _logs(search: _Search, found: list[Software]) -> None:
    """The logs that the servers have open, and those that their configuration names."""
    paths: dict[str, Place] = {}
    for software in found:
        for path in software.logs:
            paths.setdefault(path, software.place)
    own = found[0].place if found else None
    for observation in search.evidence.named("config-log"):
        if own is not None and observation.text("place") == own.name:
            paths.setdefault(observation.text("path"), own)
    for path, place in paths.items():
        key = f"{place.name}:{path}"
        if key in search.files:
            continue
        search.files.add(key)
        try:
            material = material_at(_under(place.root, path), path)
        except OSError:
            continue
        if not material.head.strip():
            continue
        if "access" in path:
            _add(search, _requests(search, material))
            continue
        dated = replace(material, since=search.request.since, dated_only=True)
        _add(search, (o for o in _known(dated.tail(TAIL)) if o.name not in _OF_NOW))


def _requests(search: _Search, material: Material) -> Iterator[Observation]:
    """What an access log says of the last hour, or of the time that is asked about."""
    formats = tuple(o.text("format") for o in search.evidence.named("config-log-format"))
    begin = search.request.since or datetime.now(UTC) - timedelta(seconds=RECENT)
    recent = replace(material, since=begin, dated_only=True, formats=formats[:MOST_FORMATS])
    yield from read_sorted(recent.tail(REQUESTS))


def _of_kernel(search: _Search) -> Iterator[Observation]:
    """What the kernel says of the time that is asked about, or of the last day."""
    material = kernel_log()
    if material is not None:
        since = search.request.since or datetime.now(UTC) - timedelta(days=1)
        yield from read_sorted(replace(material, since=since))


def _tree(search: _Search, root: Path) -> None:
    """A copied tree: configuration where the servers look for it, logs below /var/log."""
    for usual in (usual for _, _, _, usual in PRODUCTS if usual):
        for name, text in _with_includes(usual, root):
            _add(search, read_sorted(material_of(name, text)))
            search.documents |= {folder.rstrip("/") for folder in _DOCUMENTS.findall(text)}
    _wordpress(search, root)
    for found in sorted(root.glob("etc/php*/**/pool.d/*.conf"))[:50]:
        _add(search, read_sorted(material_at(found, "/" + str(found.relative_to(root)))))
    for found in sorted(root.glob("var/log/**/*"))[:500]:
        if found.is_file() and not found.is_symlink() and "access" not in found.name:
            material = material_at(found, "/" + str(found.relative_to(root)))
            _add(search, read_sorted(replace(material, since=search.request.since)))
