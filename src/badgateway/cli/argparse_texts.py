"""What argparse says to people, for the catalogues: the texts of Python 3.11 to 3.14.

argparse looks them up itself (`cli/language.py`). A test compares this list with the Python that
runs; what it says to programmers only is left out.
"""

from badgateway.model.message import sentence

TEXTS = (
    sentence("usage: "),
    sentence("options"),
    sentence("positional arguments"),
    sentence("show this help message and exit"),
    sentence("show program's version number and exit"),
    sentence("%(prog)s: error: %(message)s\n"),
    sentence("argument %(argument_name)s: %(message)s"),
    sentence("unrecognized arguments: %s"),
    sentence("the following arguments are required: %s"),
    sentence("one of the arguments %s is required"),
    sentence("not allowed with argument %s"),
    sentence("ambiguous option: %(option)s could match %(matches)s"),
    sentence("ignored explicit argument %r"),
    sentence("expected one argument"),
    sentence("expected at most one argument"),
    sentence("expected at least one argument"),
    sentence("invalid choice: %(value)r (choose from %(choices)s)"),
    sentence("invalid %(type)s value: %(value)r"),
    sentence("unknown parser %(parser_name)r (choices: %(choices)s)"),
    sentence("can't open '%(filename)s': %(error)s"),
    sentence("unexpected option string: %s"),
    sentence("subcommands"),
)
