"""Write the pages that are made from the knowledge, or check that they are true (`--check`)."""

import sys
from collections.abc import Iterator
from pathlib import Path

from badgateway.knowledge.base import Knowledge, knowledge
from badgateway.knowledge.emitter import EmitterFile
from badgateway.knowledge.variant import VariantFile
from badgateway.model.verdict import Who
from badgateway.model.vocabulary import side_of, vocabulary

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- made by scripts/docs.py from the knowledge files; edit those -->\n\n"
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
    yield "causes.md", causes_page(known)


def variant_page(variant: VariantFile, known: Knowledge) -> str:
    """What one form of the page means, whom it concerns, and who shows it."""
    makers = sorted(
        emitter.title
        for emitter in known.emitters.values()
        if any(meaning.variant == variant.name for meaning in emitter.meanings)
    )
    lines = [
        f"# {variant.title}",
        f"{variant.means}",
        f"**Whom it concerns:** {SIDES[variant.concerns]}.",
    ]
    if makers:
        lines.append(f"**Seen from:** {', '.join(makers)}.")
    steps = [
        file
        for file in sorted(known.steps.values(), key=lambda file: file.rank)
        if "gateway-error" in file.outcomes and not file.causes and not file.emitters
    ]
    for who, title in ((Who.VISITOR, "As a visitor"), (Who.OWNER, "As the owner")):
        mine = [file.step.text for file in steps if file.step.who is who]
        if mine:
            text = "\n".join(f"- {said}" for said in mine)
            text = text.replace("{url}", "the page").replace("{host}", "the site")
            lines.append(f"## {title}\n\n{text}")
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


def causes_page(known: Knowledge) -> str:
    """Every cause, by hop."""
    words = vocabulary()
    parts = ["# Causes"]
    for hop, title in words.hop_titles.items():
        parts.append(f"## {hop}: {title}\n\nConcerns {SIDES[side_of(hop)]}.")
        for word in words.causes.values():
            if word.hop is hop:
                file = known.causes.get(word.name)
                means = f"\n\n{file.means}" if file else ""
                parts.append(f"### {word.name}\n\n*{word.title}*{means}")
    return "\n\n".join(parts)


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
        f"variants/{file.name}"
        for file in (DOCS / "variants").glob("*.md")
        if f"variants/{file.name}" not in wanted
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
