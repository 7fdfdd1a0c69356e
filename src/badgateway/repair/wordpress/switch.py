"""The switch: a must-use plugin that leaves parts out of requests which carry a secret.

It lies in mu-plugins, which WordPress loads before plugins and theme. What fails before that (a
drop-in) is reached by one line in wp-config.php, put in only where it is needed. Both tell by
themselves that they are ours, so that the next run takes away what a killed one left behind.
"""

import base64
import hashlib
import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from badgateway.repair.wordpress.site import PREFIX, Kind, Part, Site, SiteError

HEADER = "X-Badgateway-Switch"
"""Request header that carries the secret and what is left out; response header that says it was."""
SEEN = "X-Badgateway-Seen"
LIFE = 900
"""Seconds after which the switch is without effect and removes itself."""
_STATE = re.compile(r"badgateway-state: (\{[^\n]{1,500}\})")
_LINE = "/* badgateway switch, temporary; {changed} */ {code} /* end of badgateway switch */"
_LINE_PATTERN = re.compile(
    rb"/\* badgateway switch, temporary; (\d{1,20}) \*/[^\n]{1,8000}?"
    rb"/\* end of badgateway switch \*/\n"
)
"""It holds when the file was last changed, in ns: its own time must differ while the line is in it,
or PHP's cache of compiled files would not see it."""
_SETTINGS = re.compile(rb"^[^\n]{0,400}wp-settings\.php", re.MULTILINE)
_HEAD_LIMIT = 4_096


class BusyError(SiteError):
    """Another run is at work on this site."""


class Switch:
    """The switch of one run, in place between `with` and its end."""

    def __init__(self, site: Site, parts: Sequence[Part]) -> None:
        """Args: site: where. parts: what can be left out, in the order of the switch's bits."""
        self._site = site
        self._parts = tuple(parts)
        self._secret = secrets.token_hex(24)
        self.mark = secrets.token_hex(8)
        self._file = site.must_use / f"{PREFIX}{secrets.token_hex(4)}.php"

    def __enter__(self) -> Self:
        """Put it in place.

        Raises:
            BusyError: another run's switch is there.
            SiteError: it cannot be written.
        """
        remove_leftovers(self._site)
        try:
            made = not self._site.must_use.is_dir()
            if made:
                self._site.must_use.mkdir()
                _like(self._site.must_use, self._site.content, 0o755)
            _put(self._file, self._text(made).encode(), self._site.content, 0o644)
        except OSError as error:
            self.remove()
            raise SiteError(
                "{file}: {strerror}; run it as root or as the owner of the site's files",
                file=error.filename or self._site.must_use,
                strerror=error.strerror,
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def remove(self) -> None:
        """Take it away; nothing happens where it is gone."""
        _remove(self._site, [self._file])

    def reach_early(self) -> None:
        """Let wp-config.php load it, before WordPress and its drop-ins.

        Raises:
            SiteError: wp-config.php is not as it usually is, or cannot be written.
        """
        path = base64.b64encode(os.fsencode(self._file)).decode()
        code = (
            "if (isset($_SERVER['HTTP_X_BADGATEWAY_SWITCH'])"
            f" && is_file(base64_decode('{path}'))) {{ include_once base64_decode('{path}'); }}"
        )
        try:
            before = self._site.config.read_bytes()
            changed = self._site.config.stat().st_mtime_ns
            line = (_LINE.format(changed=changed, code=code) + "\n").encode()
            found = _SETTINGS.search(before)
            if found is None:
                raise SiteError(
                    "{config}: no line loads wp-settings.php, so what fails before "
                    "must-use plugins cannot be told apart",
                    config=self._site.config,
                )
            _replace(
                self._site.config, before[: found.start()] + line + before[found.start() :], None
            )
        except OSError as error:
            raise SiteError(f"{self._site.config}: {error.strerror}") from None

    def header(self, off: Iterable[Part]) -> tuple[str, str]:
        """The request header that leaves these parts out."""
        wanted = set(off)
        bits = [part in wanted for part in self._parts]
        digits = (bits[at : at + 4] for at in range(0, len(bits), 4))
        mask = "".join(f"{sum(bit << n for n, bit in enumerate(digit)):x}" for digit in digits)
        return HEADER, f"{self._secret}.{mask}"

    def _text(self, made: bool) -> str:
        now = int(time.time())
        state = {"pid": os.getpid(), "started": _started(os.getpid()), "made": made}
        data = {
            "hash": hashlib.sha256(self._secret.encode()).hexdigest(),
            "mark": self.mark,
            "parts": [_told(part) for part in self._parts],
        }
        text = files("badgateway.repair.wordpress").joinpath("switch.php").read_text("utf-8")
        values = {
            "@STATE@": json.dumps(state),
            "@EXPIRES@": str(now + LIFE),
            "@DATA@": base64.b64encode(json.dumps(data).encode()).decode(),
        }
        return re.sub("@[A-Z]+@", lambda found: values[found[0]], text)


def _told(part: Part) -> list[str]:
    if part.kind in (Kind.PLUGIN, Kind.THEME):
        return [part.kind.value, part.name]
    return ["file", str(part.path.resolve())]


def remove_leftovers(site: Site) -> list[Path]:
    """Take away what a run left behind that was killed; returns what was taken away.

    Raises:
        BusyError: it belongs to a run that is still at work.
        SiteError: it cannot be removed.
    """
    left = []
    for path in site.must_use.glob(f"{PREFIX}*.php"):
        state = _state(path)
        if state and state.get("pid") != os.getpid() and _alive(state):
            raise BusyError(
                "another run (process {process}) is at work on {root}",
                process=state["pid"],
                root=site.root,
            )
        left.append(path)
    try:
        return _remove(site, left)
    except OSError as error:
        raise SiteError(
            "{filename}: {strerror}; remove it by hand",
            filename=error.filename,
            strerror=error.strerror,
        ) from None


def _remove(site: Site, switches: Sequence[Path]) -> list[Path]:
    """First the line that loads a switch, then the switch, then the folder that was made for it."""
    removed = []
    before = site.config.read_bytes()
    if found := _LINE_PATTERN.search(before):
        _replace(site.config, _LINE_PATTERN.sub(b"", before), int(found[1]))
        removed.append(site.config)
    made = False
    for path in switches:
        made |= bool(_state(path).get("made"))
        if path.exists():
            path.unlink()
            removed.append(path)
    if made and not any(site.must_use.iterdir()):
        site.must_use.rmdir()
    return removed


def _state(path: Path) -> dict[str, object]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _STATE.search(file.read(_HEAD_LIMIT))
        state = json.loads(found[1]) if found else {}
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _alive(state: dict[str, object]) -> bool:
    """Whether the process that wrote it still runs; another one with its number does not count."""
    pid = state.get("pid")
    return isinstance(pid, int) and pid > 0 and _started(pid) == state.get("started")


def _started(pid: int) -> float | None:
    try:
        return round(psutil.Process(pid).create_time(), 1)
    except psutil.Error:
        return None


def _put(path: Path, data: bytes, like: Path, mode: int, changed: int | None = None) -> None:
    """A whole file or none, owned as `like` is, and changed at that time, in ns, if one is told."""
    descriptor, name = tempfile.mkstemp(prefix=".badgateway-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _like(temporary, like, mode)
        if changed is not None:
            os.utime(temporary, ns=(like.stat().st_atime_ns, changed))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _replace(path: Path, data: bytes, changed: int | None) -> None:
    """Other content in the same file, with its owner and mode, and changed at that time, in ns."""
    real = path.resolve()
    _put(real, data, real, real.stat().st_mode & 0o7777, changed)


def _like(path: Path, like: Path, mode: int) -> None:
    status = like.stat()
    if os.geteuid() == 0:
        os.chown(path, status.st_uid, status.st_gid)
    path.chmod(mode)
