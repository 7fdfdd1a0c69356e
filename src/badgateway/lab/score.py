"""`lab score`: which cause is taken for which, from the last run's results."""

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from badgateway.lab.fault import Fault
from badgateway.lab.grade import Result, as_asked, figures, grade

NOTHING = "(none)"
HEALTHY = "(healthy)"


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each true cause (rows) was answered by each first cause (columns)."""

    counts: Mapping[tuple[str, str], int]
    faults: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def rows(self) -> list[str]:
        """True causes, in order."""
        return sorted({true for true, _ in self.counts})

    @property
    def columns(self) -> list[str]:
        """First causes: the true ones in their order, then the others."""
        named = {said for _, said in self.counts}
        rows = [row for row in self.rows if row in named]
        return [*rows, *sorted(named - set(rows))]


def confusion(known: Mapping[str, Fault], results: Iterable[Result]) -> Confusion:
    """Count the visitor's side's verdicts; errors and skipped faults are left out."""
    counts: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if visitor := result.get("visitor"):
            fault = as_asked(known[result["fault"]], visitor)
            said = grade(fault, visitor).first
            # Of two true causes that one counts which was named.
            true = fault.also if fault.also and said == fault.also else fault.cause
            pair = (true or HEALTHY, said or NOTHING)
            counts[pair] += 1
            where.setdefault(pair, []).append(fault.name)
    return Confusion(counts, {pair: tuple(names) for pair, names in where.items()})


def lines(table: Confusion) -> list[str]:
    """The table for a terminal: one line a true cause, what it was taken for, most often first."""
    width = max((len(row) for row in table.rows), default=0)
    told = []
    for row in table.rows:
        cells = sorted(
            ((count, said) for (true, said), count in table.counts.items() if true == row),
            key=lambda cell: (-cell[0], cell[1]),
        )
        good = NOTHING if row == HEALTHY else row
        right = sum(count for count, said in cells if said == good)
        total = sum(count for count, _ in cells)
        others = ", ".join(f"{said} {count}" for count, said in cells if said != good)
        told.append(f"{row:<{width}}  {right:>2} of {total:<2}  {others}".rstrip())
    return told


def page(known: Mapping[str, Fault], results: Sequence[Result]) -> str:
    """An HTML page of its own: the figures, and the confusion as a heat map."""
    table = confusion(known, results)
    totals = {
        row: sum(n for (true, _), n in table.counts.items() if true == row) for row in table.rows
    }
    head = "".join(f"<th scope=col><span>{html.escape(c)}</span></th>" for c in table.columns)
    body = []
    for row in table.rows:
        cells = []
        for column in table.columns:
            count = table.counts.get((row, column), 0)
            if not count:
                cells.append("<td></td>")
                continue
            names = html.escape(", ".join(table.faults[row, column]))
            kind = "right" if row == column or (row, column) == (HEALTHY, NOTHING) else "wrong"
            share = count / totals[row]
            cells.append(f'<td class={kind} style="--s:{share:.2f}" title="{names}">{count}</td>')
        body.append(f"<tr><th scope=row>{html.escape(row)}</th>{''.join(cells)}</tr>")
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{'nothing to grade' if value is None else value}</dd></div>"
        for name, value in figures(known, results).line().items()
    )
    return _PAGE.format(facts=facts, head=head, body="\n".join(body))


_PAGE = """<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>badgateway lab: which cause is taken for which</title>
<style>
:root {{ color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }}
body {{ margin: 2rem; }}
dl {{ display: flex; flex-wrap: wrap; gap: 1rem 2rem; }}
dt {{ opacity: .7; font-size: .85em; }} dd {{ margin: 0; font-size: 1.3em; }}
main {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 13px; }}
th {{ font-weight: normal; text-align: right; padding: 0 .5em; white-space: nowrap; }}
thead th {{ vertical-align: bottom; padding: .5em 0; }}
thead span {{ writing-mode: vertical-rl; transform: rotate(180deg); }}
td {{ width: 1.7em; height: 1.7em; text-align: center; border: 1px solid #8883; }}
td.right {{ background: rgb(0 140 80 / calc(.15 + .75 * var(--s))); }}
td.wrong {{ background: rgb(200 50 30 / calc(.15 + .75 * var(--s))); }}
</style>
<h1>Which cause is taken for which</h1>
<p>Rows: the true cause. Columns: the cause that the visitor’s side ranked first. A cell’s strength
is its share of the row; point at it to see the faults.</p>
<dl>{facts}</dl>
<main><table><thead><tr><td></td>{head}</tr></thead><tbody>
{body}
</tbody></table></main>
</html>
"""
