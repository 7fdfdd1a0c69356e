"""A response in the views that marks are matched against: markup, visible text, title, headers."""

import html
import re
from dataclasses import dataclass, field

from badgateway.model.response import Response

_SPACE = re.compile(r"\s+")
PAGE_LIMIT = 1_048_576
"""Characters of a page that are looked at; no error page comes near."""

_ENDLESS_ENTITY = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9A-Fa-f]{8,});?")
_SILENT = ("script", "style", "template")
_TAG_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9]*)")


@dataclass(frozen=True)
class Page:
    """What a mark can look at.

    Attributes:
        response: the response itself.
        text: the words a person reads, tags dropped, entities decoded, white space made single.
        title: the content of the title element; empty where there is none.
        markup: whether the body holds HTML at all (a pasted page has lost its tags).
    """

    response: Response
    text: str
    title: str
    markup: bool
    _lowered: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, response: Response) -> "Page":
        """The views of `response`, in time linear in the size of its body."""
        body = response.body[:PAGE_LIMIT]
        if "<" not in body and "&lt;" in body:
            # A page that was escaped to be shown inside another one.
            body = _unescaped(body)
        if "<" in body:
            words, title, markup = visible(body)
        else:
            words, title, markup = _unescaped(body), "", False
        return cls(response, _SPACE.sub(" ", words).strip(), title, markup)

    def view(self, where: str) -> str | None:
        """What `where` names: `text`, `html`, `title`, `reason`, or `header:NAME`."""
        if where == "text":
            return self.text
        if where == "html":
            return self.response.body[:PAGE_LIMIT]
        if where == "title":
            return self.title
        if where == "reason":
            return self.response.reason
        return self.response.header(where.removeprefix("header:"))

    def lowered(self, where: str) -> str | None:
        """The same in lower case, made once: some thousand marks look at it."""
        if where not in self._lowered:
            view = self.view(where)
            self._lowered[where] = None if view is None else view.lower()
        return self._lowered[where]


def _unescaped(text: str) -> str:
    """Entities decoded; numbers too long for any character, which Python refuses, are dropped."""
    return html.unescape(_ENDLESS_ENTITY.sub("", text))


def visible(markup: str) -> tuple[str, str, bool]:
    """(visible text, title, whether any tag was found) of HTML however broken.

    Written by hand because the input is hostile: every `find` that fails is remembered, so the
    whole is linear, where regular expressions and `html.parser` of older Pythons are not.
    """
    text: list[str] = []
    title: list[str] = []
    in_title = found = False
    missing: set[str] = set()
    at = 0

    def past(end: str, start: int) -> int:
        """Just behind the next `end`; the end of the markup where there is none."""
        if end not in missing:
            position = lowered.find(end, start)
            if position >= 0:
                return position + len(end)
            missing.add(end)
        return -1

    lowered = markup.lower() if len(markup.lower()) == len(markup) else markup
    while at < len(markup):
        opening = markup.find("<", at)
        if opening < 0:
            opening = len(markup)
        (title if in_title else text).append(markup[at:opening])
        if opening == len(markup):
            break
        if markup.startswith("<!--", opening):
            end = past("-->", opening + 4)
        elif (name := _TAG_NAME.match(markup, opening + 1)) or markup[
            opening + 1 : opening + 2
        ] in "!?":
            found = True
            end = past(">", opening)
            tag = name[1].lower() if name else ""
            if end > 0 and tag in _SILENT and markup[opening + 1] != "/":
                closing = past(f"</{tag}", end)
                end = past(">", closing) if closing > 0 else end
            if tag == "title":
                in_title = markup[opening + 1] != "/"
            text.append(" ")
        else:
            (title if in_title else text).append("<")
            end = opening + 1
        if end < 0:
            # An unfinished tag or comment: a page cut short. What follows is not for reading.
            break
        at = end
    return _unescaped("".join(text)), _unescaped("".join(title)).strip(), found
