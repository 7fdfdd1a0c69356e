"""Incidents as one HTML file that needs nothing else: charts are drawn in SVG, no script runs.

Every text that comes from a log is escaped; a policy in the file forbids scripts and any load.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from html import escape

from badgateway.model.incident import Count, Incident, LogReport, Wording
from badgateway.model.verdict import Verdict, Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.logs_outline import outside, shared
from badgateway.report.safe import safe
from badgateway.report.words import Words

_WIDTH, _HEIGHT = 960, 150
_STYLE = """
:root{color-scheme:light dark;--fg:#1c2430;--bg:#fff;--soft:#5b6675;--line:#dde3ea;--bad:#c62828;
--ok:#3b7dd8;--card:#f6f8fa}
@media (prefers-color-scheme:dark){:root{--fg:#e6e9ee;--bg:#14181d;--soft:#9aa5b1;--line:#2b333d;
--bad:#ff6b6b;--ok:#6ea8fe;--card:#1b2128}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);margin:0 auto;
max-width:62rem;padding:1.5rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
p{margin:.3rem 0}.soft{color:var(--soft)}.bad{color:var(--bad)}
section.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
padding:1rem 1.2rem;margin:1rem 0}section.card h3{margin:0;font-size:1.05rem}
svg{width:100%;height:auto;display:block}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:500;white-space:nowrap}td.n{text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
.bar{fill:var(--ok)}.err{fill:var(--bad)}.axis{stroke:var(--line)}text{fill:var(--soft);font-size:12px}
details summary{cursor:pointer;color:var(--soft)}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def logs_html(report: LogReport, words: Words) -> str:
    """The report as a page."""
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{words.language}"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>badgateway: {_text(words.say('incidents'))}</title>",
            f"<style>{_STYLE}</style></head><body>",
            *_head(report, words),
            *_overview(report, words),
            *(part for one in report.incidents for part in _incident(one, words)),
            *_background(report, words),
            *_tables(report, words),
            "</body></html>",
        ]
    )


def _text(text: str, limit: int = 400) -> str:
    """A text from outside: on one line, nothing hidden, nothing that HTML would act on."""
    return escape(safe(text, limit), quote=True)


def _head(report: LogReport, words: Words) -> Iterator[str]:
    count = len(report.incidents)
    title = (
        words.say("No incident")
        if not count
        else (
            words.say("1 incident") if count == 1 else words.say("{count} incidents", count=count)
        )
    )
    yield f"<h1>{_text(title)}</h1>"
    names = ", ".join(log.name for log in report.logs)
    yield f'<p class="soft">{_text(names, 1_000)}</p>'
    told = [words.say("{count} requests", count=words.count(report.requests))]
    if report.entries:
        told.append(words.say("{count} lines of error logs", count=words.count(report.entries)))
    told.append(words.say("{count} gateway errors", count=words.count(report.errors)))
    if report.begin and report.end:
        told.append(f"{words.date(report.begin)} – {words.date(report.end)} UTC")
    yield f"<p>{_text(', '.join(told))}</p>"
    if report.begin and any(report.trend):
        yield f"<h2>{_text(words.say('Requests'))}</h2>"
        yield _chart(report.trend, report, "bar", words)
        yield f"<h2>{_text(words.say('Gateway errors'))}</h2>"
        yield _chart(report.errors_trend, report, "err", words)


def _chart(values: Sequence[int], report: LogReport, kind: str, words: Words) -> str:
    """Bars over the whole time; each says its time and number when pointed at."""
    assert report.begin is not None
    top = max(values) or 1
    step = _WIDTH / len(values)
    bars = []
    for at, value in enumerate(values):
        if not value:
            continue
        height = max(1.5, value / top * (_HEIGHT - 36))
        begun = report.begin + timedelta(seconds=at * report.step)
        bars.append(
            f'<rect class="{kind}" x="{at * step:.1f}" y="{_HEIGHT - 20 - height:.1f}" '
            f'width="{max(1.0, step - 1):.1f}" height="{height:.1f}">'
            f"<title>{words.date(begun)}: {words.count(value)}</title></rect>"
        )
    label = _text(words.say("most: {count}", count=words.count(top)))
    begin, end = words.date(report.begin), words.date(report.end or report.begin)
    floor = _HEIGHT - 20
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<line class="axis" x1="0" y1="{floor}" x2="{_WIDTH}" y2="{floor}"/>{"".join(bars)}'
        f'<text x="0" y="{_HEIGHT - 5}">{begin}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 5}" text-anchor="end">{end}</text>'
        f'<text x="0" y="10">{label}</text></svg>'
    )


def _overview(report: LogReport, words: Words) -> Iterator[str]:
    """The time line: one row for each incident, leading to its details."""
    if len(report.incidents) < 2:
        return
    yield f"<h2>{_text(words.say('Time line'))}</h2><table>"
    for one in report.incidents:
        first = next(iter(one.verdict.causes), None)
        cause = "?"
        if first:
            title = words.say(vocabulary().causes[first.cause].title)
            cause = f"{words.percent(first.probability)} {title}"
        share = words.percent(one.share) if one.share is not None else ""
        yield (
            f'<tr><td><a href="#{one.id}">{one.id}</a></td><td>{words.date(one.begin)}</td>'
            f'<td class="n">{words.count(one.errors)}</td><td class="n">{share}</td>'
            f"<td>{_text(cause)}</td></tr>"
        )
    yield "</table>"


def _incident(incident: Incident, words: Words) -> Iterator[str]:
    yield f'<section class="card" id="{incident.id}">'
    going = f' <span class="bad">{_text(words.say("still going on"))}</span>'
    yield (
        f"<h3>{incident.id}: {words.date(incident.begin)} – {words.date(incident.end)} UTC"
        f"{going if incident.ongoing else ''}</h3>"
    )
    share = (
        words.say("{number} %", number=words.decimal(100 * incident.share, 1))
        if incident.share is not None
        else "?"
    )
    told = words.say(
        "{errors} of {requests} requests failed ({share}; usual {usual} %), {clients} addresses",
        errors=words.count(incident.errors),
        requests=words.count(incident.requests),
        share=share,
        usual=words.decimal(100 * incident.usual, 2),
        clients=words.count(incident.clients),
    )
    yield f"<p>{_text(told)}</p>"
    yield _spark(incident.trend)
    yield from _verdict(incident.verdict, words)
    yield "<table>"
    for title, counts in shared(incident, words):
        yield f"<tr><th>{_text(title)}</th><td>{_counted(counts, words)}</td></tr>"
    for limit in incident.limits:
        told = words.say(
            "{count} took {seconds} s each: a limit", count=limit.count, seconds=limit.seconds
        )
        yield f"<tr><th>{_text(words.say('time'))}</th><td>{_text(told)}</td></tr>"
    yield "</table>"
    yield from _wordings(incident.wordings, words.say("What error logs say"), words)
    yield "</section>"


def _spark(values: Sequence[int]) -> str:
    top, step = max(values, default=1) or 1, 600 / max(1, len(values))
    bars = "".join(
        f'<rect class="err" x="{at * step:.1f}" y="{40 - max(1, v / top * 38):.1f}" '
        f'width="{max(1.0, step - 1):.1f}" height="{max(1, v / top * 38):.1f}"/>'
        for at, v in enumerate(values)
        if v
    )
    return f'<svg viewBox="0 0 600 42" aria-hidden="true">{bars}</svg>'


def _verdict(verdict: Verdict, words: Words) -> Iterator[str]:
    titles = vocabulary().causes
    if not verdict.causes:
        told = words.say("what broke cannot be told from these logs")
        yield f'<p class="soft">{_text(told)}</p>'
    for ranked in verdict.causes[: 1 if verdict.determined else 3]:
        title = words.say(titles[ranked.cause].title)
        yield (
            f"<p><strong>{words.percent(ranked.probability)} {_text(title)}</strong> "
            f'<span class="soft">({_text(ranked.cause)})</span></p>'
        )
    steps = [step for step in verdict.steps if step.who is Who.OWNER][:4]
    if steps:
        yield "<ol>"
        for step in steps:
            command = f"<br><code>{_text(step.command, 1_000)}</code>" if step.command else ""
            yield f"<li>{_text(words.say(step.text), 800)}{command}</li>"
        yield "</ol>"


def _counted(counts: Sequence[Count], words: Words) -> str:
    return ", ".join(f"{_text(c.name or '-', 160)} ({words.percent(c.share)})" for c in counts[:5])


def _wordings(wordings: Sequence[Wording], title: str, words: Words) -> Iterator[str]:
    if not wordings:
        return
    yield f"<details><summary>{_text(title)}</summary><table>"
    for one in wordings:
        known = f' <span class="soft">{_text(one.known)}</span>' if one.known else ""
        yield (
            f'<tr><td class="n">{words.count(one.count)}×</td>'
            f"<td><code>{_text(one.text)}</code>{known}"
            f'<br><span class="soft">{_text(one.source)} {_text(one.subject)}</span></td></tr>'
        )
    yield "</table></details>"


def _background(report: LogReport, words: Words) -> Iterator[str]:
    background = report.background
    if background is None:
        return
    yield f'<section class="card"><h3>{_text(outside(background, words))}</h3>'
    yield f"<p>{_counted(background.statuses, words)}</p>"
    yield from _verdict(background.verdict, words)
    yield "</section>"


def _tables(report: LogReport, words: Words) -> Iterator[str]:
    for title, counts in (
        (words.say("Answers"), report.statuses),
        (words.say("Who asked most"), report.clients),
        (words.say("What was asked for most"), report.paths),
    ):
        if counts:
            yield f"<h2>{_text(title)}</h2><table>"
            for one in counts:
                name = _text(one.name or "-", 200)
                yield f'<tr><td class="n">{words.count(one.count)}</td><td>{name}</td></tr>'
            yield "</table>"
    yield from _wordings(report.wordings, words.say("What error logs say"), words)
    if report.unread:
        told = words.say("{count} lines could not be read", count=words.count(report.unread))
        yield f"<h2>{_text(told)}</h2>"
        for sample in report.samples:
            yield f"<p><code>{_text(sample.source)}: {_text(sample.text)}</code></p>"
