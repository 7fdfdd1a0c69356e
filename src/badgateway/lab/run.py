"""Runs faults in a lab that is up: break, see that it is broken, ask the product, heal, see that.

A fault that did not happen is not graded, nor one after which the lab is not well: both are
errors of the lab. After such an error the lab is built anew.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import badgateway
from badgateway.lab import control_group
from badgateway.lab.box import LabError
from badgateway.lab.evidence import Evidence
from badgateway.lab.fault import Fault, Look, load_faults
from badgateway.lab.lab import Lab
from badgateway.lab.ways import Heal, break_it

Tell = Callable[..., None]

CAPABILITIES: Mapping[str, Callable[[], str | None]] = {
    "control-group": control_group.lacking,
    "dpkg": lambda: None if shutil.which("dpkg-deb") else "dpkg is not there",
}
"""What faults may need of the machine itself, with what says why it is not there."""

PROFILE_OPTION = "--browser-profile"
"""The product's option for a visitor's browser profile, used once the product has it."""
TIMEOUT = 12
"""Seconds that the product gets for one check."""
IN_FORCE = 12.0
"""Seconds within which a fault must show."""
WELL_AGAIN = 8.0
"""Seconds within which the lab must be well after a fault is healed."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What the product said: its verdict, None where it printed none; its wall time in seconds.

    `profile` says whether it was given the visitor's browser profile; None where there is none.
    """

    verdict: Mapping[str, object] | None
    seconds: float
    status: int
    complaint: str
    profile: bool | None = None


def run_faults(
    lab: Lab,
    names: list[str],
    folder: Path | None,
    side: str,
    prove: bool,
    tell: Tell,
    evidence: Path | None = None,
    sweep: bool = False,
    fix: bool = False,
) -> int:
    """Run the faults of these names, and tell the result of each as an event.

    Returns:
        0 if every fault could be run or was skipped with a reason, 2 after an error of the lab.
    """
    known = load_faults(folder)
    status = 0
    for name in names:
        fault = known[name]
        if lacks := lacking(lab, fault):
            tell(fault=name, skipped=lacks)
            continue
        again: dict[str, object] = {}
        for last in (False, True):
            try:
                result = one(lab, fault, side, prove, evidence, sweep, fix)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is no verdict
                kind = "" if isinstance(error, LabError) else f"{type(error).__name__}: "
                lab.stop()
                lab = started(lab.folder)
                if last:
                    status = 2
                    tell(fault=name, error=f"{kind}{error}")
                # Once more in a new lab: a busy machine is no reason to know nothing.
                again = {"again": f"{kind}{error}"}
            else:
                tell(fault=name, **again, **result)
                break
    return status


def started(folder: Path) -> Lab:
    """A new lab in `folder`, started and well.

    Raises:
        LabError: it does not come up.
    """
    lab = Lab(folder)
    lab.start()
    end = time.monotonic() + WELL_AGAIN
    while sick := lab.healthy():
        if time.monotonic() > end:
            raise LabError(f"the lab did not come up: {'; '.join(sick)}")
        time.sleep(_PAUSE)
    return lab


def lacking(lab: Lab, fault: Fault) -> str | None:
    """What a fault needs and this machine does not have; None if nothing."""
    for need in fault.needs:
        if need in CAPABILITIES:
            if why := CAPABILITIES[need]():
                return f"{need} ({why})"
            continue
        if need in lab.missing:
            return f"{need} ({lab.missing[need]} is not there)"
        if need not in lab.servers:
            return need
    return None


def one(
    lab: Lab,
    fault: Fault,
    side: str,
    prove: bool = False,
    evidence: Path | None = None,
    sweep: bool = False,
    fix: bool = False,
) -> dict[str, object]:
    """Run one fault and leave the lab as well as it was.

    Raises:
        LabError: it could not be broken, did not show, or could not be healed.
    """
    if prove and fault.breaks and not unseen(lab, fault):
        raise LabError("its looks hold although nothing is broken: they prove nothing")
    heals: list[Heal] = []
    watch = Evidence(lab, fault.evidence) if evidence or side != "visitor" else None
    if watch:
        # Logs tell whole seconds: what belongs to the fault before must not share one with this.
        time.sleep(1 - time.time() % 1)
    began = datetime.now(UTC).replace(microsecond=0)
    try:
        for broken in fault.breaks:
            heal = break_it(lab, broken.way, dict(broken.arguments))
            heals.append(heal)
        if fault.profile:
            # The outage that the browser remembers is over, and of another day.
            watch = Evidence(lab, fault.evidence) if watch else None
            began = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
        end = time.monotonic() + IN_FORCE
        while missing := unseen(lab, fault):
            if time.monotonic() > end:
                raise LabError(f"it is not in force: {missing}")
            time.sleep(_PAUSE)
        if fix:
            return {"fix": mended(lab, fault, began)}
        answer = asked(lab, fault, sweep) if side != "owner" else None
        inspection = (
            inspected(lab, fault, began, watch, answer) if watch and side != "visitor" else None
        )
        if watch and evidence:
            watch.write(evidence / fault.name)
    finally:
        for heal in reversed(heals):
            heal()
    end = time.monotonic() + WELL_AGAIN
    while sick := lab.healthy():
        if time.monotonic() > end:
            raise LabError(f"the lab is not well after it: {'; '.join(sick)}")
        time.sleep(_PAUSE)
    return {
        **({"visitor": _plain(answer)} if answer else {}),
        **({"owner": _plain(inspection)} if inspection else {}),
    }


def mended(lab: Lab, fault: Fault, began: datetime) -> dict[str, object]:
    """What `fix --yes` does about a fault on the gateway, and what is left of it after `undo`.

    Whether it healed is asked from the vantage outside, not from the product.
    """
    state = lab.folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    told = {"XDG_STATE_HOME": str(state)}
    before, worst = files_of(lab), statuses(lab, fault)
    words = ["fix", "--yes", "--json", "--url", fault.url, "--timeout", "6", *fault.fix]
    words += ["--since", began.isoformat()]
    with reaped(lab):
        answer = product(lab, "gateway", words, told, FIX_SECONDS)
    after = statuses(lab, fault)
    with reaped(lab):
        undone = product(lab, "gateway", ["undo", "--json"], told)
    changed = sorted(path for path, held in files_of(lab).items() if before.get(path, held) != held)
    return {
        **_plain(answer),
        "before": worst,
        "after": after,
        "undone": undone.verdict,
        "differs": changed,
    }


@contextmanager
def reaped(lab: Lab) -> Iterator[None]:
    """Let processes that somebody else ends be gone at once: they are children of the lab."""
    over = threading.Event()

    def reap() -> None:
        while not over.wait(0.05):
            for server in lab.servers.values():
                if server.process is not None:
                    server.process.poll()

    thread = threading.Thread(target=reap, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


FIX_SECONDS = 150.0
"""Seconds that a fix may take, several tries among them."""
_ASKED = 6
"""Times that the page is asked for: a fault that comes and goes shows at least once."""
_CHANGING = (".log", ".pid", "pid", ".sock", ".crt", ".key", ".json", ".db", ".lock")


def statuses(lab: Lab, fault: Fault) -> list[str]:
    """What the page answers a stranger, several times in a row; 000 for no answer."""
    words = ["curl", "-sS", "-m", "12", "-o", "/dev/null", "-w", "%{http_code}", fault.url]
    hop = lab.network.hops["vantage"]
    return [hop.run(*words, check=False).stdout or "000" for _ in range(_ASKED)]


def files_of(lab: Lab) -> dict[str, tuple[bytes, int, int, int]]:
    """Every small file of the machines behind the gateway that only a person changes.

    With its mode and owner; logs, sockets and what servers keep for themselves are left out.
    """
    found = {}
    for hop in ("gateway", "app", "database", "edge"):
        for path in lab.network.hops[hop].folder.rglob("*"):
            if path.name.endswith(_CHANGING) or not path.is_file() or path.is_symlink():
                continue
            if path.suffix not in _CONFIGURATIONS and path.parent.name != "init.d":
                continue
            if "data" in path.parts or "work" in path.parts:
                continue
            held = path.stat()
            found[str(path)] = path.read_bytes(), held.st_mode, held.st_uid, held.st_gid
    return found


_CONFIGURATIONS = (".conf", ".cfg", ".vcl", ".config", ".php", ".py", ".mjs", ".toml", ".yaml", "")


def unseen(lab: Lab, fault: Fault) -> str | None:
    """The first look that does not show what it must, in words; None if all do."""
    for look in fault.looks:
        said = seen(lab, look)
        for text in look.shows:
            if text not in said:
                said = said[-200:].strip()
                return f"{_named(look)} does not show '{text}': {said}"
        for text in look.lacks:
            if text in said:
                return f"{_named(look)} shows '{text}'"
    return None


def _named(look: Look) -> str:
    return f"`{' '.join(look.run)[:120]}` on {look.hop}"


def seen(lab: Lab, look: Look) -> str:
    """What a look's command prints, on both streams."""
    if look.hop not in lab.network.hops:
        raise LabError(f"a look names the hop '{look.hop}', which there is not")
    done = lab.network.hops[look.hop].run(*look.run, check=False)
    return done.stdout + done.stderr


def product(
    lab: Lab, hop: str, words: list[str], environment: Mapping[str, str], most: float = TIMEOUT * 3
) -> Answer:
    """Run the product on a hop as a person there would, and read its JSON."""
    machine = lab.network.hops[hop]
    source = str(Path(badgateway.__file__).parents[1])
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*machine.within, sys.executable, "-m", "badgateway", *words],
            capture_output=True,
            text=True,
            errors="replace",
            env={
                **machine.environment,
                "PYTHONPATH": source,
                "SSL_CERT_FILE": str(lab.ca.file),
                "LANG": "C.UTF-8",
                **environment,
            },
            timeout=most,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(None, time.monotonic() - began, -1, f"no answer within {most:.0f} s")
    seconds = time.monotonic() - began
    try:
        verdict = json.loads(done.stdout)
    except ValueError:
        verdict = None
    if not isinstance(verdict, dict):
        verdict = None
    return Answer(verdict, seconds, done.returncode, done.stderr.strip()[-400:])


def asked(lab: Lab, fault: Fault, sweep: bool = False) -> Answer:
    """The visitor's side: `badgateway URL` on the visitor's machine; every test where `sweep`."""
    words = [fault.url, "--json", "--timeout", str(TIMEOUT), *fault.options]
    words += ["--all"] if sweep else []
    if given := gives_profile(lab, fault):
        words += [PROFILE_OPTION, str(lab.network.hops["client"].folder / fault.profile)]
    if not fault.profile:
        return product(lab, "client", words, fault.environment)
    # The person's home: a browser looks there for the authorities that it trusts.
    home = {"HOME": str(lab.server("chromium").folder)}
    answer = product(lab, "client", words, {**home, **fault.environment})
    return replace(answer, profile=given)


def gives_profile(lab: Lab, fault: Fault) -> bool:
    """Whether a fault has a browser profile, and the product an option for one."""
    if not fault.profile:
        return False
    machine = lab.network.hops["client"]
    words = [sys.executable, "-m", "badgateway", "check", "--help"]
    source = str(Path(badgateway.__file__).parents[1])
    return PROFILE_OPTION in machine.run(*words, environment={"PYTHONPATH": source}).stdout


def inspected(
    lab: Lab, fault: Fault, began: datetime, watch: Evidence, answer: Answer | None
) -> Answer:
    """The owner's side: `badgateway inspect` on the gateway.

    It is given what else an owner has: logs and output of his other machines, and the verdict
    that the visitor sent him.
    """
    folder = lab.folder / "owner" / fault.name
    watch.write(folder)
    if answer is not None and answer.verdict is not None:
        (folder / "visitor.json").write_text(json.dumps(answer.verdict), "utf-8")
    given = [word for file in sorted(folder.iterdir()) for word in ("--with", str(file))]
    words = ["inspect", "--json", "--url", fault.url, "--since", began.isoformat(), *given]
    return product(lab, "gateway", words, {})


def _plain(answer: Answer) -> dict[str, object]:
    return {
        "verdict": answer.verdict,
        "seconds": round(answer.seconds, 3),
        "status": answer.status,
        "complaint": answer.complaint,
        **({} if answer.profile is None else {"profile": answer.profile}),
    }
