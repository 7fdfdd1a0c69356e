"""Incidents in a terminal: the whole time as two sparklines, then one block for each incident."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from rich.console import Console
from rich.text import Text

from badgateway.model.incident import (
    Background,
    Change,
    Count,
    Incident,
    LogReport,
    Wording,
)
from badgateway.model.verdict import Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.logs_outline import outside, shared
from badgateway.report.safe import safe
from badgateway.report.terminal import Row, print_sections
from badgateway.report.words import Words

_BARS, _BARS_ASCII = "▁▂▃▄▅▆▇█", "_.:-=+*#"
_SHOWN = 3
_MOST_DETAILED = 5
_MOST_ROWS = 200
_MOST_STEPS = 3
_SURE = 0.05
"""A cause less probable than this is not worth a line."""


def change_words(change: Change, words: Words) -> Iterator[str]:
    """An incident that began, or was over, while logs are followed."""
    incident = change.incident
    if change.what == "over":
        lasted = _lasted(incident.end - incident.begin, words)
        yield words.say(
            "{time} over after {lasted}: {errors} errors",
            time=f"{incident.end:%H:%M:%S}",
            lasted=lasted,
            errors=words.count(incident.errors),
        )
        return
    yield words.say(
        "{time} an incident began: {whom}",
        time=f"{incident.begin:%H:%M:%S}",
        whom=_whom(incident, words),
    )
    for line in _cause(incident.verdict, words):
        yield f"  {line.plain}"
    for wording in incident.wordings[:2]:
        yield f"  {safe(wording.example, 300)}"


def show(
    report: LogReport, words: Words, out: Console, brief: bool = False, every: bool = False
) -> None:
    """Print the whole report; with `every` the details of all incidents, not of the worst."""
    simple = not out.encoding.lower().startswith("utf")
    for line in _head(report, words):
        out.print(line)
    for title, values, style in (
        (words.say("requests"), report.trend, "cyan"),
        (words.say("errors"), report.errors_trend, "red"),
    ):
        if any(values):
            line = Text(f"  {title:<9}").append(spark(values, simple), style)
            most = words.say("most: {count}", count=words.count(max(values)))
            line.append(f"  {most}", "dim")
            out.print(line, no_wrap=True, overflow="ellipsis")
    out.print()
    out.print(Text(_title(report, words), "bold red" if report.incidents else "bold"))
    if len(report.incidents) > 1:
        for line in _overview(report, words, simple):
            out.print(line, no_wrap=True, overflow="ellipsis")
    detailed = report.incidents
    if not every and len(detailed) > _MOST_DETAILED:
        worst = sorted(detailed, key=lambda one: -one.errors)[:_MOST_DETAILED]
        detailed = tuple(one for one in detailed if one in worst)
        out.print()
        told = words.say("The worst {count} (--all shows every one):", count=len(detailed))
        out.print(Text(told, "bold"))
    for incident in detailed if not (brief and len(report.incidents) > 1) else ():
        out.print()
        _incident(incident, words, out, simple, brief)
    if report.background is not None:
        out.print()
        _background(report.background, words, out)
    if not brief:
        sections = (
            (words.say("What error logs say"), _wordings(report.wordings[:12], words)),
            (words.say("How long upstreams took"), _durations(report, words)),
            (words.say("Who asked most"), _counts(report.clients[:5], words)),
            (words.say("What was asked for most"), _counts(report.paths[:5], words)),
        )
        print_sections(sections, out)
    remarks = list(_remarks(report, words))
    if remarks:
        out.print()
    for remark in remarks:
        out.print(Text(remark, "yellow"))
    out.print()
    out.print(Text(words.say("{seconds} in all", seconds=words.seconds(report.elapsed_s)), "dim"))


def spark(values: Sequence[int], simple: bool = False) -> str:
    """Numbers as a line of bars; what is not 0 is always seen."""
    bars = _BARS_ASCII if simple else _BARS
    top = max(values, default=0)
    return "".join(
        " " if not v else bars[min(len(bars) - 1, int(v / top * (len(bars) - 1) + 0.5))]
        for v in values
    )


def _head(report: LogReport, words: Words) -> Iterator[Text]:
    names = [safe(log.name, 60) for log in report.logs]
    more = f" (+{len(names) - 4})" if len(names) > 4 else ""
    yield Text(", ".join(names[:4]) + more, "bold")
    parts = []
    if report.requests:
        parts.append(words.say("{count} requests", count=words.count(report.requests)))
    if report.entries:
        parts.append(words.say("{count} lines of error logs", count=words.count(report.entries)))
    if report.begin and report.end:
        parts.append(f"{words.date(report.begin)} – {words.date(report.end)} UTC")
    if report.requests:
        share = words.decimal(100 * report.errors / report.requests, 2)
        parts.append(
            words.say(
                "{count} gateway errors ({share} %)", count=words.count(report.errors), share=share
            )
        )
    yield Text("  " + ", ".join(parts))


def _title(report: LogReport, words: Words) -> str:
    count = len(report.incidents)
    if count == 0:
        return words.say("No incident: errors never were above the usual.")
    if count == 1:
        return words.say("1 incident")
    return words.say("{count} incidents", count=count)


def _overview(report: LogReport, words: Words, simple: bool) -> Iterator[Text]:
    """The time line: one row for each incident."""
    rows = report.incidents[-_MOST_ROWS:]
    if len(rows) < len(report.incidents):
        yield Text("  " + words.say("the latest {count}; --json has all", count=len(rows)), "dim")
    top = max(one.errors for one in rows)
    bars = _BARS_ASCII if simple else _BARS
    for one in rows:
        line = Text(f"{one.id:>5}  {words.date(one.begin)}  ")
        line.append(f"{_lasted(one.end - one.begin, words):>8}  ")
        line.append(bars[min(7, int(7 * one.errors / top + 0.5))] + " ", "red")
        line.append(f"{words.count(one.errors):>8}  ")
        share = words.percent(one.share) if one.share is not None else ""
        line.append(f"{share:>5}  ")
        first = next(iter(one.verdict.causes), None)
        if first is not None and first.probability >= _SURE:
            title = words.say(vocabulary().causes[first.cause].title)
            line.append(title, "bold" if one.verdict.determined else "")
            line.append(f" ({words.percent(first.probability)})", "dim")
        yield line


def _incident(incident: Incident, words: Words, out: Console, simple: bool, brief: bool) -> None:
    line = Text(f"{incident.id:>4}  ", "bold red")
    line.append(f"{words.date(incident.begin)} – {_until(incident, words)}", "bold")
    line.append(f"  {_lasted(incident.end - incident.begin, words)}")
    if incident.ongoing:
        line.append("  " + words.say("still going on as the logs end"), "bold red")
    out.print(line)
    rows = [Row(Text("      "), Text(spark(incident.trend, simple), "red"), 6)]
    rows.append(Row(Text("      "), Text(_whom(incident, words)), 6))
    rows += [Row(Text("      "), row, 6) for row in _cause(incident.verdict, words)]
    if incident.before:
        told = words.say("the same cause {count} times before", count=incident.before)
        rows.append(Row(Text("      "), Text(told, "dim"), 6))
    if not brief:
        rows += list(_details(incident, words))
    for row in rows:
        row.print(out)


def _whom(incident: Incident, words: Words) -> str:
    if incident.share is None:
        return words.say("{count} lines of errors", count=words.count(incident.errors))
    return words.say(
        "{errors} of {requests} requests failed ({share} %; usual {usual} %), {clients} addresses",
        errors=words.count(incident.errors),
        requests=words.count(incident.requests),
        share=words.decimal(100 * incident.share, 1),
        usual=words.decimal(100 * incident.usual, 2),
        clients=words.count(incident.clients),
    )


def _cause(verdict: Verdict, words: Words) -> Iterator[Text]:
    titles = vocabulary().causes
    causes = [c for c in verdict.causes if c.probability >= _SURE][: 1 if verdict.determined else 3]
    if not causes:
        yield Text(words.say("what broke cannot be told from these logs"), "dim")
    for ranked in causes:
        line = Text(f"{words.percent(ranked.probability):>5}  ", "bold")
        line.append(words.say(titles[ranked.cause].title), "bold")
        line.append(f"  ({ranked.cause})", "dim")
        yield line


def _details(incident: Incident, words: Words) -> Iterator[Row]:
    for title, counts in shared(incident, words):
        told = ", ".join(f"{safe(c.name, 60)} ({words.percent(c.share)})" for c in counts[:_SHOWN])
        yield Row(_label(title, words), Text(told), 15)
    for limit in incident.limits[:1]:
        told = words.say(
            "{count} took {seconds} s each: a limit",
            count=words.count(limit.count),
            seconds=words.decimal(limit.seconds, 1),
        )
        yield Row(_label(words.say("time"), words), Text(told), 15)
    for wording in incident.wordings[:_SHOWN]:
        yield _wording(wording, words, "      ")
    steps = [step for step in incident.verdict.steps if step.who is Who.OWNER][:_MOST_STEPS]
    for step in steps:
        yield Row(Text("      → "), Text(safe(words.say(step.text), 400)), 8)
        if step.command:
            yield Row(Text("        $ "), Text(safe(step.command, 400), "cyan"), 10)


def _label(title: str, words: Words) -> Text:
    return Text("      " + words.say("{title}: ", title=title), "dim")


def _wording(wording: Wording, words: Words, indent: str) -> Row:
    body = Text(safe(wording.text, 160))
    about = f" [{safe(wording.subject, 60)}]" if wording.subject else ""
    first = words.say("first: {place}", place=safe(wording.source, 120))
    body.append(f"{about}  {first}", "dim")
    mark = "✓" if wording.known else "?"
    return Row(
        Text(f"{indent}{mark} {words.count(wording.count):>6}× ", "dim"), body, len(indent) + 10
    )


def _wordings(wordings: Sequence[Wording], words: Words) -> Iterator[Row]:
    for wording in wordings:
        yield _wording(wording, words, "  ")


def _background(background: Background, words: Words, out: Console) -> None:
    out.print(Text(outside(background, words), "bold"))
    told = ", ".join(f"{c.name} ({words.percent(c.share)})" for c in background.statuses[:_SHOWN])
    Row(Text("      "), Text(told), 6).print(out)
    for line in _cause(background.verdict, words):
        Row(Text("      "), line, 6).print(out)


def _durations(report: LogReport, words: Words) -> Iterator[Row]:
    for one in report.durations[:6]:
        told = words.say(
            "half within {median}, 95 % within {p95}, 99 % within {p99} ({count} requests)",
            median=words.seconds(one.median / 1000),
            p95=words.seconds(one.p95 / 1000),
            p99=words.seconds(one.p99 / 1000),
            count=words.count(one.count),
        )
        yield Row(Text(f"  {safe(one.upstream or words.say('all'), 50):<24} "), Text(told), 27)


def _counts(counts: Sequence[Count], words: Words) -> Iterator[Row]:
    for one in counts:
        told = f"{safe(one.name or '-', 100)}  ({words.percent(one.share)})"
        yield Row(Text(f"  {words.count(one.count):>10}  "), Text(told), 14)


def _remarks(report: LogReport, words: Words) -> Iterator[str]:
    for log in report.logs:
        if log.trouble:
            yield words.say("{name}: {why}", name=safe(log.name), why=safe(log.trouble))
    if report.unread:
        yield words.say(
            "{count} lines could not be read as what their log is, such as:",
            count=words.count(report.unread),
        )
        for sample in report.samples[:3]:
            yield f"  {safe(sample.source, 100)}: {safe(sample.text, 200)}"
    if report.missed:
        yield words.say(
            "There were more names than are counted one by one: counts of clients and paths may "
            "be up to {missed} too low.",
            missed=words.count(report.missed),
        )
    if report.beyond:
        yield words.say(
            "{count} details were too many to keep; the totals hold.",
            count=words.count(report.beyond),
        )


def _until(incident: Incident, words: Words) -> str:
    same = incident.begin.date() == incident.end.date()
    return f"{incident.end:%H:%M}" if same else words.date(incident.end)


def _lasted(time: timedelta, words: Words) -> str:
    seconds = int(time.total_seconds())
    if seconds < 120:
        return words.say("{count} s", count=max(1, seconds))
    if seconds < 7_200:
        return words.say("{count} min", count=round(seconds / 60))
    return words.say("{count} h", count=words.decimal(seconds / 3600, 1))
