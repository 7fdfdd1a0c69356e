"""The headers by which browsers identify themselves."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Agent:
    """One browser as a site sees it: its name for people, and the headers of a page's request."""

    title: str
    headers: tuple[tuple[str, str], ...]


def headers_of(agent: Agent, tls: bool) -> tuple[tuple[str, str], ...]:
    """The headers that a browser sends: what begins with `Sec-` goes over TLS only.

    https://www.w3.org/TR/fetch-metadata/ and https://wicg.github.io/ua-client-hints/
    """
    return tuple(
        (name, value) for name, value in agent.headers if tls or not name.lower().startswith("sec-")
    )


@cache
def agents() -> tuple[Agent, ...]:
    """The browsers that are imitated, out of `agents.toml`."""
    text = files("badgateway.browser").joinpath("agents.toml").read_text("utf-8")
    return tuple(
        Agent(
            told["title"],
            tuple(
                (name, value.replace("{major}", told["major"])) for name, value in told["headers"]
            ),
        )
        for told in tomllib.loads(text).values()
    )
