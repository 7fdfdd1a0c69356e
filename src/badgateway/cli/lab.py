"""`badgateway lab`: the fault lab, and what it says about the product."""

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from badgateway.cli.arguments import Parsed, Parser, complain
from badgateway.lab.box import LabError
from badgateway.lab.fault import Fault, load_faults
from badgateway.lab.grade import Grade, as_asked, figures, grade, grade_owner
from badgateway.lab.mend import figures_of_fixes, mended, one_line
from badgateway.lab.outside import Event, down, events, say, shell, state_folder, up

_RESULTS = "results.json"


def add_arguments(parser: Parser) -> None:
    """Add the commands of the lab."""
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True, parser_class=Parser)
    what.add_parser("up", help="start a lab that stays")
    what.add_parser("down", help="end it")
    shell = what.add_parser("shell", help="a shell, or one command, on a hop of the lab that is up")
    shell.add_argument("hop", metavar="HOP", help="client, gateway, app, database, isp …")
    shell.add_argument("words", metavar="COMMAND", nargs=argparse.REMAINDER)
    listing = what.add_parser("list", help="the faults that there are")
    listing.add_argument("--faults", metavar="DIR", help="those of another folder")
    run = what.add_parser("run", help="run faults in a lab of their own and grade the verdicts")
    _faults(run)
    run.add_argument("--json", action="store_true", help="one line a fault, the figures last")
    score = what.add_parser("score", help="which cause was taken for which in the last run")
    score.add_argument("--html", metavar="FILE", help="where the heat map goes")
    record = what.add_parser("record", help="write observations and verdicts to replay them")
    _faults(record)
    record.add_argument("--to", metavar="DIR", default="tests/cases")


def _faults(parser: Parser) -> None:
    parser.add_argument("names", metavar="FAULT", nargs="*", help="all where none is named")
    parser.add_argument(
        "--faults", dest="folder", metavar="DIR", help="fault files of another folder"
    )
    parser.add_argument("--side", choices=("visitor", "owner", "both"), default="visitor")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="boxes side by side")
    parser.add_argument("--third", action="store_true", help="every third fault, always the same")
    parser.add_argument(
        "--evidence", metavar="DIR", help="also write what the owner has: logs, configuration"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="let the visitor make every test (check --all)"
    )
    parser.add_argument(
        "--fix", action="store_true", help="let the owner's `fix` mend each, then undo it"
    )
    parser.add_argument(
        "--prove", action="store_true", help="also see that the looks fail where nothing is broken"
    )


def run(parsed: Parsed) -> int:
    """Do what was asked of the lab; returns the exit status."""
    what = {
        "up": _up, "down": _down, "shell": _shell, "list": _list,
        "run": _run, "score": _score, "record": _record,
    }[parsed.what]  # fmt: skip
    try:
        return what(parsed)
    except LabError as error:
        complain(error)
        return 2


def _up(_: Parsed) -> int:
    said = up()
    print(f"The lab is up after {said['up']} s. Enter it with: badgateway lab shell client")
    for name, program in said["missing"].items():
        print(f"Left out: {name}, because {program} is missing.")
    return 0


def _down(_: Parsed) -> int:
    print("The lab is down." if down() else "No lab was up.")
    return 0


def _shell(parsed: Parsed) -> int:
    return shell(parsed.hop, parsed.words)


def _list(parsed: Parsed) -> int:
    known = load_faults(_folder(parsed.faults))
    width = max(map(len, known), default=0)
    for fault in known.values():
        print(f"{fault.name:<{width}}  {fault.cause or 'healthy'}: {fault.title}")
    broken = sum(1 for fault in known.values() if fault.cause)
    print(f"{broken} faults, {len(known) - broken} healthy variants")
    return 0


def _folder(name: str | None) -> Path | None:
    """The folder of fault files that was asked for, None for the package's own.

    Raises:
        LabError: there is no such folder.
    """
    if name is None:
        return None
    folder = Path(name).resolve()
    if not folder.is_dir():
        raise LabError(f"there is no folder {name}")
    return folder


@dataclass
class _Run:
    """The results of one run, as they come."""

    known: dict[str, Fault]
    folder: Path | None
    results: list[Event] = field(default_factory=list)

    @property
    def errors(self) -> list[Event]:
        """What the lab could not do."""
        return [result for result in self.results if "error" in result]


def _run(parsed: Parsed) -> int:
    run = _ran(parsed)
    (state_folder() / _RESULTS).write_text(
        json.dumps({"folder": str(run.folder) if run.folder else None, "results": run.results})
    )
    line = (
        figures_of_fixes(run.known, run.results)
        if parsed.fix
        else figures(run.known, run.results).line()
    )
    if parsed.json:
        for result in run.results:
            print(json.dumps(_told(run.known, result)))
        print(json.dumps(line))
    else:
        for name, value in line.items():
            print(f"{name:<22} {'nothing to grade' if value is None else value}")
    for result in run.errors:
        complain(f"lab error: {result['fault']}: {result['error']}")
    return 2 if run.errors else 0


def _ran(parsed: Parsed) -> _Run:
    """Run the faults that were asked for, in as many boxes as were asked for."""
    folder = _folder(parsed.folder)
    run = _Run(load_faults(folder), folder)
    if unknown := [name for name in parsed.names if name not in run.known]:
        raise LabError(f"no fault is called '{unknown[0]}'; `badgateway lab list` names them")
    names = list(parsed.names or run.known)
    if parsed.third and not parsed.names:
        # Always the same ones: every third by name, so that each kind is among them.
        names = names[::3]
    jobs = max(1, min(parsed.jobs, len(names)))
    options = ["--side", parsed.side]
    options += ["--folder", str(folder)] if folder else []
    options += ["--prove"] if parsed.prove else []
    options += ["--sweep"] if parsed.sweep else []
    options += ["--fix"] if parsed.fix else []
    options += ["--evidence", str(Path(parsed.evidence).resolve())] if parsed.evidence else []
    shares = [["run", *names[number::jobs], *options] for number in range(jobs)]
    for event in events(shares):
        if "up" in event:
            for name, program in event["missing"].items():
                say(f"left out: {name}, because {program} is missing")
            continue
        run.results.append(event)
        say(f"{len(run.results):>3} of {len(names)}  {_words(run.known, event)}")
    run.results.sort(key=lambda event: names.index(event["fault"]))
    if lost := set(names) - {event["fault"] for event in run.results}:
        raise LabError(f"a box ended before all faults were run; {min(lost)} was not")
    return run


def _told(known: dict[str, Fault], result: Event) -> dict[str, Any]:
    """One fault's result as a line of JSON: what is true, what was said, how that is graded."""
    name = result["fault"]
    fault = known[name]
    truth = {"cause": fault.cause, "hop": fault.hop, "side": fault.side}
    for word in ("skipped", "error"):
        if word in result:
            return {"fault": name, "truth": truth, word: result[word]}
    if "fix" in result:
        grade_of = mended(result["fix"])
        return {"fault": name, "truth": truth, "fix": result["fix"], "healed": grade_of.healed}
    visitor, owner = result.get("visitor"), result.get("owner")
    met = as_asked(fault, visitor or {})
    told: dict[str, Any] = {"fault": name, "truth": truth}
    if fault.profile:
        told["profile_given"] = met is fault
    if visitor:
        told |= _graded(grade(met, visitor))
    if owner:
        told["owner"] = _graded(grade_owner(met, owner))
    return told


def _graded(graded: Grade) -> dict[str, Any]:
    return {
        "first": graded.first,
        **{word: getattr(graded, word) for word in ("side", "hop", "sure", "sure_and_wrong")},
        **{word: getattr(graded, word) for word in ("broken", "brier", "seconds")},
    }


def _words(known: dict[str, Fault], event: Event) -> str:
    name = event["fault"]
    if "error" in event:
        return f"LAB ERROR  {name}: {event['error']}"
    if "skipped" in event:
        return f"skipped    {name}: {event['skipped']}"
    if "fix" in event:
        return one_line(known[name], event["fix"])
    visitor, owner = event.get("visitor"), event.get("owner")
    for answer in (visitor, owner):
        if answer and answer["verdict"] is None:
            return f"NO VERDICT {name}: {answer['complaint']}"
    fault = as_asked(known[name], visitor or {})
    seen, inside = visitor and grade(fault, visitor), owner and grade_owner(fault, owner)
    asked: list[Grade] = [each for each in (seen, inside) if each]
    right = (
        not any(each.broken for each in asked)
        if fault.cause is None
        else (not seen or (seen.side and seen.hop)) and (not inside or inside.right)
    )
    wrong = any(each.sure_and_wrong for each in asked)
    mark = "SURE+WRONG" if wrong else "right     " if right else "wrong     "
    said = [f"{seen.first or 'no cause'}, {seen.seconds:.2f} s"] if seen else []
    said += [f"owner {inside.first or 'no cause'}, {inside.seconds:.2f} s"] if inside else []
    truth = known[name].cause or "healthy"
    hidden = "" if fault.cause == known[name].cause else " (in a profile that was not given)"
    return f"{mark} {name}: {truth}{hidden} -> {'; '.join(said)}"


def _last() -> _Run:
    try:
        data = json.loads((state_folder() / _RESULTS).read_text())
    except (OSError, ValueError):
        raise LabError("there are no results yet; `badgateway lab run` makes them") from None
    folder = Path(data["folder"]) if data["folder"] else None
    known = load_faults(folder)
    return _Run(known, folder, [each for each in data["results"] if each["fault"] in known])


def _score(parsed: Parsed) -> int:
    from badgateway.lab.score import confusion, lines, page  # noqa: PLC0415

    run = _last()
    for line in lines(confusion(run.known, run.results)):
        print(line)
    target = Path(parsed.html) if parsed.html else state_folder() / "score.html"
    target.write_text(page(run.known, run.results), encoding="utf-8")
    print(f"\nHeat map: {target}")
    return 0


def _record(parsed: Parsed) -> int:
    from badgateway.lab.record import record  # noqa: PLC0415

    run = _ran(parsed)
    folder = Path(parsed.to)
    written = sum(record(folder, result) for result in run.results)
    print(f"{written} cases written to {folder}")
    return 2 if run.errors else 0
