"""The language that the command line speaks. It is known before the call is understood."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files

from badgateway.model.message import Message, SpokenError

LANGUAGES = ("en", "fr")
"""Those that there is a catalogue for; the first needs none."""
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""Where a system says which one its user wants, the strongest first, as gettext reads them."""
_spoken = [LANGUAGES[0]]


def wanted(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """The language of `--lang` where it names one of ours, else the system's, else English."""
    for number, word in enumerate(arguments):
        option, equals, value = word.partition("=")
        if option == "--lang":
            following = value if equals else " ".join(arguments[number + 1 : number + 2])
            if following in LANGUAGES:
                return following
    environment = os.environ if environment is None else environment
    system = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    first = system.partition(":")[0].partition(".")[0].partition("_")[0].lower()
    return first if first in LANGUAGES else LANGUAGES[0]


def speak(language: str) -> None:
    """Say everything in this language from now on."""
    _spoken[0] = language


def spoken() -> str:
    """The language that is spoken."""
    return _spoken[0]


def say(text: str, /, **values: object) -> str:
    """A sentence of the command line with its values filled in."""
    return told(Message(text, values))


def told(what: Message | Exception | str) -> str:
    """A message, or an error that is for a person, in the language that is spoken."""
    message = what.message if isinstance(what, SpokenError) else what
    if not isinstance(message, Message) or spoken() == LANGUAGES[0]:
        return str(message)
    # English is at hand at once; a catalogue takes longer to read than `--help` to print.
    from badgateway.report.words import Words  # noqa: PLC0415

    return Words(spoken()).message(message)


@contextmanager
def argparse_speaking() -> Iterator[None]:
    """What argparse itself says comes out of our catalogue meanwhile.

    It looks its texts up with `gettext.gettext`, so this is said the way gettext has: the domain,
    the folder of its catalogues, and the variable that chooses among them.
    """
    import gettext  # noqa: PLC0415 - argparse has loaded it by now

    domain, before = gettext.textdomain(), os.environ.get("LANGUAGE")
    gettext.bindtextdomain("badgateway", str(files("badgateway").joinpath("locale")))
    gettext.textdomain("badgateway")
    os.environ["LANGUAGE"] = spoken()
    try:
        yield
    finally:
        gettext.textdomain(domain)
        if before is None:
            del os.environ["LANGUAGE"]
        else:
            os.environ["LANGUAGE"] = before
