"""`badgateway demo`."""

import asyncio

from badgateway.cli.arguments import Parsed, Parser, common
from badgateway.cli.show import Progress, exit_status, show
from badgateway.demo.site import DemoSite
from badgateway.investigate.check import check_url
from badgateway.model.target import Wishes, target_of
from badgateway.model.verdict import Verdict
from badgateway.report.words import Words


def add_arguments(parser: Parser) -> None:
    """Add the options of `demo`."""
    common(parser)


def run(parsed: Parsed) -> int:
    """Start a small site, break it, diagnose it; returns the exit status (1: a fault was found)."""
    words = Words(parsed.lang)
    with DemoSite() as site:
        if not parsed.json:
            begun = words.say(
                "A gateway now listens on {url}, an application behind it on port {port}.",
                url=site.url,
                port=site.application_port,
            )
            print(f"{begun}\n{words.say('First while both run:')}\n")
            show(_checked(site, parsed), parsed)
            print(f"\n{words.say('Now the application is stopped. The same check again:')}\n")
        site.stop_application()
        verdict = _checked(site, parsed)
    show(verdict, parsed)
    return exit_status(verdict)


def _checked(site: DemoSite, parsed: Parsed) -> Verdict:
    with Progress(parsed) as progress:
        return asyncio.run(check_url(target_of(site.url), Wishes(timeout=10), progress.heard))
