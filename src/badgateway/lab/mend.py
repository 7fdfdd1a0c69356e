"""How well `fix` mends the lab's faults: grades, counted over those that an owner can mend."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from badgateway.lab.fault import Fault


@dataclass(frozen=True, slots=True)
class Mended:
    """How one fault fared.

    Attributes:
        healed: the page answered a stranger well every time afterwards.
        said: the product says that it healed it.
        worse: it answered well more often before, or nothing where it answered something.
        restored: after `undo` every file was byte for byte as before.
    """

    healed: bool
    said: bool
    worse: bool
    restored: bool

    @property
    def wrong(self) -> bool:
        """Whether the product says healed of what is not."""
        return self.said and not self.healed


def mended(told: Mapping[str, Any]) -> Mended:
    """The grade of one fix."""
    before, after = told["before"], told["after"]
    result = (told.get("verdict") or {}).get("result")
    return Mended(
        healed=all(_well(status) for status in after),
        said=result == "healed",
        worse=sum(map(_well, after)) < sum(map(_well, before))
        or after.count("000") > before.count("000"),
        restored=not told["differs"],
    )


def _well(status: str) -> bool:
    return status.isdigit() and 200 <= int(status) < 500 and int(status) != 403


def figures_of_fixes(
    known: Mapping[str, Fault], results: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """Of those that can be mended: the share healed; of all: how many got worse or stayed changed.

    What an owner cannot mend, with its reason in the fault's file, counts in `unfixable`.
    """
    graded = [(known[r["fault"]], mended(r["fix"])) for r in results if "fix" in r]
    fixable = [(f, m) for f, m in graded if f.cause and not f.unfixable]
    return {
        "faults": len(graded),
        "fixable": len(fixable),
        "unfixable": len(graded) - len(fixable),
        "healed": round(sum(m.healed and m.said for _, m in fixable) / len(fixable), 4)
        if fixable
        else None,
        "said_healed_and_is_not": sum(m.wrong for _, m in graded),
        "made_worse": sum(m.worse for _, m in graded),
        "not_restored": sum(not m.restored for _, m in graded),
    }


def one_line(fault: Fault, told: Mapping[str, Any]) -> str:
    """How one fault fared, for people."""
    grade, said = mended(told), told.get("verdict") or {}
    mark = (
        "WRONG     " if grade.wrong
        else "WORSE     " if grade.worse
        else "NOT UNDONE" if not grade.restored
        else "healed    " if grade.healed and grade.said
        else "cannot    " if fault.unfixable
        else "not healed"
    )  # fmt: skip
    what = ", ".join(said.get("applied", [])) or said.get("result") or told["complaint"][-200:]
    why = "; ".join(f"{k}: {v}" for k, v in (said.get("failed") or {}).items())[:300]
    changed = f" changed: {', '.join(told['differs'])}" if told["differs"] else ""
    return (
        f"{mark} {fault.name}: {fault.cause} taken for {said.get('cause')} -> {what} {why}"
        f" [{' '.join(told['after'])}] {told['seconds']:.1f} s{changed}"
    )
