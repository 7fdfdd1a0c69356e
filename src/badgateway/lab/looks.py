"""A fault's looks: whether it is in force, seen from outside of whatever is broken."""

from badgateway.lab.box import LabError
from badgateway.lab.fault import Fault, Look
from badgateway.lab.lab import Lab


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
