"""The first answer about large logs, in plain lines: it must not wait for what draws the report."""

from collections.abc import Iterator
from datetime import datetime

from badgateway.model.incident import FirstLook
from badgateway.report.words import Words


def first_words(looked: FirstLook, seconds: float, words: Words) -> Iterator[str]:
    """What the first look found."""
    total = sum(looked.errors.values())
    took = words.seconds(seconds)
    size = words.say("{number} GB", number=words.decimal(looked.bytes / 1e9, 1))
    if not total:
        yield words.say("first look ({took} for {size}): no gateway errors", took=took, size=size)
        return
    ranked = sorted(looked.errors.items(), key=lambda pair: -pair[1])[:4]
    kinds = ", ".join(f"{status}: {words.count(count)}" for status, count in ranked)
    line = words.say(
        "first look ({took} for {size}): {total} gateway errors ({kinds})",
        took=took,
        size=size,
        total=words.count(total),
        kinds=kinds,
    )
    yield line
    if looked.minutes:
        minute, count = max(looked.minutes.items(), key=lambda pair: (pair[1], -pair[0]))
        at = datetime.fromtimestamp(minute * 60).astimezone()
        yield words.say(
            "  most in one minute: {count} at {at}",
            count=words.count(count),
            at=words.date(at),
        )
