"""What every report about logs that is not JSON says, whatever it looks like."""

from collections.abc import Iterator, Sequence

from badgateway.model.incident import Background, Count, Incident
from badgateway.report.words import Words


def shared(incident: Incident, words: Words) -> Iterator[tuple[str, Sequence[Count]]]:
    """What its failed requests have in common, each with a title; nothing without a count."""
    for title, counts in (
        (words.say("answers"), incident.statuses),
        (words.say("asked"), incident.upstreams),
        (words.say("paths"), incident.paths),
        (words.say("retries"), incident.retries),
    ):
        if counts:
            yield title, counts


def outside(background: Background, words: Words) -> str:
    """How many errors belong to no incident."""
    return words.say(
        "Outside incidents: {errors} errors ({share} % of requests)",
        errors=words.count(background.errors),
        share=words.decimal(100 * background.share, 3),
    )
