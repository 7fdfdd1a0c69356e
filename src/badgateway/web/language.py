"""The language of who asks: `?lang=` where it names one, else the browser's; and how it stays.

A choice is carried by the links, forms and redirects of the page themselves. Nothing is kept: the
public service sets no cookies.
"""

from starlette.requests import Request

from badgateway.report.words import LANGUAGES, Words

NAMES = {"en": "English", "fr": "Français"}
"""What each language calls itself."""
_LONGEST = 200


class Spoken(Words):
    """Words for one request."""

    def __init__(self, language: str, *, chosen: bool) -> None:
        """Args: language: one of `LANGUAGES`; chosen: whether the person chose it here."""
        super().__init__(language)
        self._carried = f"?lang={language}" if chosen else ""

    def to(self, path: str) -> str:
        """A link to another page of this server, on which the choice still holds."""
        return path + self._carried

    @property
    def others(self) -> dict[str, str]:
        """The other languages, each with what it calls itself."""
        return {language: NAMES[language] for language in LANGUAGES if language != self.language}


def spoken(chosen: str, accepted: str) -> Spoken:
    """The words for a value of `lang` and an `Accept-Language` header; either may be anything."""
    if chosen in LANGUAGES:
        return Spoken(chosen, chosen=True)
    listed = (
        item.partition(";")[0].strip().partition("-")[0].lower()
        for item in accepted[:_LONGEST].split(",")
    )
    return Spoken(next((word for word in listed if word in LANGUAGES), "en"), chosen=False)


def words_for(request: Request) -> Spoken:
    """The words for who asks."""
    accepted = request.headers.get("accept-language", "")
    return spoken(request.query_params.get("lang", ""), accepted)
