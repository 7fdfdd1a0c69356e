"""The command line: arguments in, report out.

Nothing heavy is imported before it is known what is wanted; `--version` must stay instant.
Exit status: 0 no fault found, 1 a fault was found, 2 the call was wrong or nothing could be done.
"""

import io
import sys
from collections.abc import Sequence

from badgateway import __version__
from badgateway.cli.arguments import UsageError, command, complain, parse
from badgateway.cli.language import say, speak, wanted

FOUND_NOTHING, FOUND_FAULT, COULD_NOT = 0, 1, 2


def run() -> None:
    """The console script."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # What an old terminal cannot show becomes a question mark, not an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if list(arguments) in (["--version"], ["-V"]):
        print(f"badgateway {__version__}")
        return FOUND_NOTHING
    speak(wanted(arguments))
    try:
        parsed = parse(arguments)
    except UsageError as error:
        complain(error)
        return COULD_NOT
    try:
        status = command(parsed.command).run(parsed)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\n" + say("badgateway: stopped"), file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        return FOUND_NOTHING
    except OSError as error:
        complain("the output could not be written: {why}", why=error.strerror or error)
        return COULD_NOT
    return status
