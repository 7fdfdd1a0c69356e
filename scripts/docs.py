"""Write the pages that are made from the knowledge, or check that they are true (`--check`)."""

import sys
from collections.abc import Iterator
from pathlib import Path

from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.knowledge.cause import CauseFile
from badgateway.knowledge.emitter import EmitterFile
from badgateway.knowledge.variant import VariantFile
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import side_of, vocabulary
from badgateway.report.known import (
    clues_of,
    general_steps,
    makers_of,
    shown_by,
    steps_of,
    tests_of,
)
from badgateway.report.words import Words

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- made by scripts/docs.py from the knowledge files; edit those -->\n\n"
ENGLISH = Words("en")
SIDES = {
    "visitor": "the visitor",
    "path": "whoever runs the way in between",
    "site": "whoever runs the site",
}


def pages(known: Knowledge) -> Iterator[tuple[str, str]]:
    """(path below docs, text) of every page."""
    for variant in known.variants.values():
        yield f"variants/{variant.name}.md", variant_page(variant, known)
    yield "variants/README.md", variants_index(known)
    yield "emitters.md", emitters_page(known)
    yield "causes.md", causes_page()
    for file in known.causes.values():
        yield f"causes/{file.name}.md", cause_page(file, known)


def variant_page(variant: VariantFile, known: Knowledge) -> str:
    """What one form of the page means, whom it concerns, and who shows it."""
    makers = sorted(emitter.title for emitter in makers_of(variant.name, known))
    lines = [
        f"# {variant.title}",
        f"{variant.means}",
        f"**Whom it concerns:** {SIDES[variant.concerns]}.",
    ]
    if makers:
        lines.append(f"**Seen from:** {', '.join(makers)}.")
    for who, title in ((Who.VISITOR, "As a visitor"), (Who.OWNER, "As the owner")):
        if texts := [f"- {text}" for text in general_steps(known, who)]:
            lines.append(f"## {title}\n\n" + "\n".join(texts))
    lines.append(f"Source: {variant.source}")
    return "\n\n".join(lines)


def variants_index(known: Knowledge) -> str:
    """All variants in one table."""
    rows = [
        f"| [{variant.title}]({variant.name}.md) | {SIDES[variant.concerns]} |"
        for variant in known.variants.values()
    ]
    head = "# The pages that people meet\n\n| page | whom it concerns |\n|---|---|\n"
    return head + "\n".join(rows)


def emitters_page(known: Knowledge) -> str:
    """Every product that is recognised, and what its answers mean."""
    head = (
        f"# Who makes these pages\n\n{len(known.emitters)} products are recognised. What each "
        "status means depends on the product: the same refused connection is 502 in one and 503 "
        "in another."
    )
    return "\n\n".join([head, *(emitter_section(item) for item in known.emitters.values())])


def emitter_section(emitter: EmitterFile) -> str:
    """One product."""
    lines = [f"## {emitter.title}\n\n{emitter.about} ([documentation]({emitter.source}))"]
    for meaning in emitter.meanings:
        status = ", ".join(map(str, sorted(meaning.status))) or "any status"
        about = f" ({meaning.mark})" if meaning.mark else ""
        lines.append(f"- **{status}**{about}: {meaning.says}")
    return "\n".join([*lines[:1], "", *lines[1:]]).strip()


def causes_page() -> str:
    """Every cause, by hop, each with a page of its own."""
    words = vocabulary()
    parts = ["# Causes"]
    for hop, title in words.hop_titles.items():
        rows = [f"## {hop}: {title}", f"Concerns {SIDES[side_of(hop)]}."]
        mine = [word for word in words.causes.values() if word.hop is hop]
        rows.append("\n".join(f"- [{w.title}](causes/{w.name}.md) (`{w.name}`)" for w in mine))
        parts += rows
    return "\n\n".join(parts)


def cause_page(file: CauseFile, known: Knowledge) -> str:
    """What one cause is, how it shows, how it is told from its look-alikes, what helps."""
    word = vocabulary().causes[file.name]
    lines = [
        f"# {word.title[0].upper()}{word.title[1:]}",
        f"`{file.name}`, at the {word.hop}; concerns {SIDES[side_of(word.hop)]}.",
        file.means,
    ]
    if rows := [
        f"| {one.title} | {one.status} | {one.share:.0%} |"
        for one in shown_by(file.name, known, ENGLISH)
    ]:
        head = "| who shows it | status | share |\n|---|---|---|\n"
        lines += ["## How it shows from outside", head + "\n".join(rows)]
    if rows := [f"- {text}: {worth}" for text, worth in clues_of(file, ENGLISH)]:
        lines += ["## What speaks for it and against it inside", "\n".join(rows)]
    if rows := [
        f"- **{one.says}**: {one.why} ({'you' if one.who is Who.VISITOR else 'the owner'})"
        for one in tests_of(file.name, known)
    ]:
        lines += ["## How it is told from its look-alikes", "\n".join(rows)]
    titles = vocabulary().causes
    if file.leads_to:
        rows = [f"- [{titles[name].title}]({name}.md)" for name in file.leads_to]
        lines += ["## What it brings about", "\n".join(rows)]
    for who, title in ((Who.VISITOR, "As a visitor"), (Who.OWNER, "As the owner")):
        if texts := [f"- {text}" for text in steps_of(file.name, known, who)]:
            lines += [f"## {title}", "\n".join(texts)]
    return "\n\n".join([*lines, f"Source: {file.source}"])


def main() -> None:
    """Write or check."""
    check = "--check" in sys.argv[1:]
    wanted = {path: MADE + text.rstrip() + "\n" for path, text in pages(knowledge())}
    stale = [
        path
        for path, text in wanted.items()
        if not (DOCS / path).exists() or (DOCS / path).read_text("utf-8") != text
    ]
    stale += [
        f"{folder}/{file.name}"
        for folder in ("variants", "causes")
        for file in (DOCS / folder).glob("*.md")
        if f"{folder}/{file.name}" not in wanted
    ]
    if check:
        if stale:
            sys.exit(f"out of date: {', '.join(stale)}; run: .venv/bin/python scripts/docs.py")
        return
    for path in stale:
        if path not in wanted:
            (DOCS / path).unlink()
            continue
        (DOCS / path).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / path).write_text(wanted[path], "utf-8")


if __name__ == "__main__":
    main()
