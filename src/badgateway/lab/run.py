"""Runs faults in a lab that is up: break, see that it is broken, ask the product, heal, see that.

A fault that did not happen is not graded, nor one after which the lab is not well: both are
errors of the lab. After such an error the lab is built anew.
"""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from badgateway.lab import control_group
from badgateway.lab.ask import asked, inspected, plain
from badgateway.lab.box import LabError
from badgateway.lab.evidence import Evidence
from badgateway.lab.fault import Fault, load_faults
from badgateway.lab.fixing import mended
from badgateway.lab.lab import Lab
from badgateway.lab.looks import unseen
from badgateway.lab.ways import Heal, break_it

Tell = Callable[..., None]

CAPABILITIES: Mapping[str, Callable[[], str | None]] = {
    "control-group": control_group.lacking,
    "dpkg": lambda: None if shutil.which("dpkg-deb") else "dpkg is not there",
}
"""What faults may need of the machine itself, with what says why it is not there."""

IN_FORCE = 12.0
"""Seconds within which a fault must show."""
WELL_AGAIN = 20.0
"""Seconds within which the lab must be well after a fault is healed: one look may take eight."""
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Wish:
    """What is done about each fault.

    Attributes:
        side: who asks the product: `visitor`, `owner` or `both`.
        prove: also see that the looks fail while nothing is broken.
        evidence: the folder that gets what an owner has; None where nobody wants it.
        sweep: let the visitor make every test.
        fix: let the owner's `fix` mend it, and ask nobody.
    """

    side: str = "visitor"
    prove: bool = False
    evidence: Path | None = None
    sweep: bool = False
    fix: bool = False


def run_faults(lab: Lab, names: list[str], folder: Path | None, wish: Wish, tell: Tell) -> int:
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
                result = one(lab, fault, wish)
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
    wait_until_well(lab, "the lab did not come up")
    return lab


def wait_until_well(lab: Lab, otherwise: str) -> None:
    """Wait until a lab is healthy.

    Raises:
        LabError: it is not within `WELL_AGAIN`; the message begins with `otherwise`.
    """
    end = time.monotonic() + WELL_AGAIN
    while sick := lab.healthy():
        if time.monotonic() > end:
            raise LabError(f"{otherwise}: {'; '.join(sick)}")
        time.sleep(_PAUSE)


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


def one(lab: Lab, fault: Fault, wish: Wish) -> dict[str, object]:
    """Run one fault and leave the lab as well as it was.

    Raises:
        LabError: it could not be broken, did not show, or could not be healed.
    """
    if wish.prove and fault.breaks and not unseen(lab, fault):
        raise LabError("its looks hold although nothing is broken: they prove nothing")
    heals: list[Heal] = []
    watch = Evidence(lab, fault.evidence) if wish.evidence or wish.side != "visitor" else None
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
        _wait_until_broken(lab, fault)
        if wish.fix:
            told: dict[str, object] = {"fix": mended(lab, fault, began)}
        else:
            told = _looked_at(lab, fault, wish, began, watch)
    finally:
        for heal in reversed(heals):
            heal()
    wait_until_well(lab, "the lab is not well after it")
    return told


def _wait_until_broken(lab: Lab, fault: Fault) -> None:
    end = time.monotonic() + IN_FORCE
    while missing := unseen(lab, fault):
        if time.monotonic() > end:
            raise LabError(f"it is not in force: {missing}")
        time.sleep(_PAUSE)


def _looked_at(
    lab: Lab, fault: Fault, wish: Wish, began: datetime, watch: Evidence | None
) -> dict[str, object]:
    """What the product says on the sides that were asked for."""
    answer = asked(lab, fault, wish.sweep) if wish.side != "owner" else None
    inspection = None
    if watch and wish.side != "visitor":
        inspection = inspected(lab, fault, began, watch, answer)
    if watch and wish.evidence:
        watch.write(wish.evidence / fault.name)
    return {
        **({"visitor": plain(answer)} if answer else {}),
        **({"owner": plain(inspection)} if inspection else {}),
    }
