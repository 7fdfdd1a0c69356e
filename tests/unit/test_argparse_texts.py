"""What argparse says to people is in the catalogues, whichever Python runs."""

import argparse
import ast
import inspect

from badgateway.cli.argparse_texts import TEXTS

TO_PROGRAMMERS = {
    "%r is not callable",
    "'required' is an invalid argument for positionals",
    ".__call__() not defined",
    'argument "-" with mode %r',
    "cannot have multiple subparser arguments",
    "cannot merge actions - two groups are named %r",
    "conflicting subparser alias: %s",
    "conflicting subparser: %s",
    "dest= is required for options like %r",
    "invalid conflict_resolution value: %r",
    "invalid option string %(option)r: must start with a character %(prefix_chars)r",
    "mutually exclusive arguments must be optional",
}
"""What only a mistake in our own program shows."""


def asked_for() -> set[str]:
    """The texts for which argparse asks `gettext`."""
    tree = ast.parse(inspect.getsource(argparse))
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "_"
        and isinstance(call.args[0], ast.Constant)
    }


def test_every_text_that_a_person_can_meet_is_listed():
    """A text that a newer Python adds shows here."""
    assert sorted(asked_for() - {str(text) for text in TEXTS} - TO_PROGRAMMERS) == []
