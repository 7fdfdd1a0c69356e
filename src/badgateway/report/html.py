"""The verdict as one HTML file that can be sent to anyone: no script, nothing fetched, printable.

Everything is escaped by the templates; a policy in the file's head forbids what a mistake there
would let in.
"""

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from badgateway.knowledge.base import Knowledge
from badgateway.model.verdict import Verdict
from badgateway.report.outline import outline
from badgateway.report.words import Words


@cache
def style() -> Markup:
    """The style sheet of every report and page."""
    return Markup(files("badgateway.report").joinpath("style.css").read_text("utf-8"))  # noqa: S704 - our own file


def environment(*packages: str) -> Environment:
    """Templates that escape what they are given: those of the reports and of `packages`."""
    loaders = [PackageLoader(package) for package in (*packages, "badgateway.report")]
    return Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _templates() -> Environment:
    return environment()


def html_report(verdict: Verdict, known: Knowledge, words: Words) -> str:
    """The whole verdict as one HTML document."""
    return (
        _templates()
        .get_template("report.html")
        .render(
            out=outline(verdict, known, words),
            _=words.say,
            language=words.language,
            style=style(),
            date=words.date(_asked(verdict)) + " UTC",
        )
        .lstrip()
    )


def _asked(verdict: Verdict) -> datetime:
    """When it was asked; where nothing says so, now."""
    times = [o.at for o in verdict.observations if o.name == "asked" and o.at is not None]
    return times[0].astimezone(UTC) if times else datetime.now(UTC)
