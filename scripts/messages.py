"""Bring the catalogues of translations up to date, or check that they are (`--check`).

English sentences are the message ids. They stand in calls of `say` and `sentence`, in messages and
errors for people, and in the data files that `data_messages` walks. To translate: run this, fill in
the empty `msgstr` of `src/badgateway/locale/LANGUAGE/LC_MESSAGES/badgateway.po`, run it again.
"""

import ast
import io
import re
import sys
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "badgateway"
LOCALE = PACKAGE / "locale"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PRIVATE = (
    b'"PO-Revision',
    b'"POT-Creation',
    b'"Generated-By',
    b'"Report-Msgid',
    b'"Last-Translator',
)
KEYWORDS = dict.fromkeys(
    ("say", "sentence", "_", "tell", "Message", "ArgumentError", "EditError", "ApplyError",
     "JournalError", "TargetError", "UsageError", "OptionError", "EngineError", "SiteError",
     "BusyError", "RefusedError", "UnpackError", "complain")
)  # fmt: skip
SPOKEN = ("report", "cli", "web", "model", "remedies", "repair", "logs", "transport")
"""Folders whose Python and templates speak to people."""
METHODS = [("**.py", "python"), ("**/templates/*.html", "jinja2")]
DATA: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("model/causes.toml", ("title",)),
    ("model/observations/*.toml", ("says",)),
    ("knowledge/reports.toml", ("says",)),
    ("knowledge/diagnostics/*.toml", ("says", "why", "text")),
    ("knowledge/causes/*.toml", ("means", "why")),
    ("knowledge/variants/*.toml", ("means", "title")),
    ("knowledge/emitters/*.toml", ("says",)),
    ("knowledge/steps/*.toml", ("text",)),
    ("knowledge/remedies/*.toml", ("text",)),
    ("knowledge/proxy_status.toml", ("says",)),
    ("knowledge/unsigned.toml", ("says",)),
    ("report/ticket/*.toml", ("title", "greeting", "asks")),
)
"""Data files, and the keys whose texts people read."""
PROSE = re.compile(r"[a-z]{2} [a-z]|[a-z] [a-z]{2}")
"""What tells a phrase of ours from a name or a code of a product."""
HELP = ("help", "metavar", "description", "epilog")
"""Arguments of argparse whose texts people read (`cli/arguments.py` says them)."""
IN_VALUES = "value"
"""The context of what stands in the values of observations (`report/values.py` says them)."""


def said_within_strings() -> Iterator[tuple[str, str]]:
    """Calls within f-strings, which Babel does not see before Python 3.12."""
    for folder in SPOKEN:
        for path in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                text = node.args[0]
                said = text.value if isinstance(text, ast.Constant) else None
                if name in KEYWORDS and isinstance(said, str):
                    yield path.relative_to(PACKAGE).as_posix(), said


def said_by_help() -> Iterator[tuple[str, str]]:
    """(file, text) of all help on options, and the titles of their groups."""
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            found = [word.value for word in node.keywords if word.arg in HELP]
            if getattr(node.func, "attr", "") == "add_argument_group":
                found += node.args[:1]
            for text in found:
                if isinstance(text, ast.Constant) and isinstance(text.value, str) and text.value:
                    yield f"cli/{path.name}", text.value


def said_in_values() -> Iterator[tuple[str, str]]:
    """(file, text) of what this program itself writes into the values of observations."""
    told = tomllib.loads((PACKAGE / "report" / "values.toml").read_text("utf-8"))
    texts = [
        *told["phrases"],
        *(text for words in told["words"].values() for text in words.values()),
    ]
    yield from (("report/values.toml", text) for text in texts)
    for path in sorted(PACKAGE.glob("knowledge/signatures/*.toml")):
        for signature in _values(tomllib.loads(path.read_text("utf-8"))):
            for text in signature.values():
                if isinstance(text, str) and PROSE.search(text):
                    yield f"knowledge/signatures/{path.name}", text


def _values(data: object) -> Iterator[dict[str, object]]:
    if isinstance(data, dict):
        if isinstance(data.get("value"), dict):
            yield data["value"]
        data = list(data.values())
    if isinstance(data, list):
        for item in data:
            yield from _values(item)


def template() -> Catalog:
    """Every sentence that can be shown, in the order of the files."""
    catalogue = Catalog(project="badgateway", charset="utf-8")
    for folder in SPOKEN:
        for file, _, message, comments, context in extract_from_dir(
            PACKAGE / folder, METHODS, keywords=KEYWORDS
        ):
            where = [(f"{folder}/{file}", 0)]
            catalogue.add(message, None, where, auto_comments=comments, context=context)
    for file, message in said_within_strings():
        if message not in catalogue:
            catalogue.add(message, None, [(file, 0)])
    for file, message in (*data_messages(), *said_by_help()):
        catalogue.add(message, None, [(file, 0)])
    for file, message in said_in_values():
        catalogue.add(message, None, [(file, 0)], context=IN_VALUES)
    return catalogue


def data_messages() -> Iterator[tuple[str, str]]:
    """(file, sentence) of the data files."""
    for pattern, keys in DATA:
        for path in sorted(PACKAGE.glob(pattern)):
            for text in _texts(tomllib.loads(path.read_text("utf-8")), keys):
                yield str(path.relative_to(PACKAGE)), text


def _texts(value: object, keys: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in keys:
                yield from [item] if isinstance(item, str) else item
            else:
                yield from _texts(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, keys)


def updated(path: Path) -> Catalog:
    """The catalogue with every sentence of the template, and no other."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    catalogue.update(template(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    # Times of writing would make every run a change.
    catalogue.creation_date = catalogue.revision_date = EPOCH
    return catalogue


def files_of(catalogue: Catalog) -> dict[str, bytes]:
    """The two files of a catalogue: for translators, and for programs."""
    for_people, for_programs = io.BytesIO(), io.BytesIO()
    write_po(for_people, catalogue, width=100, include_lineno=False, omit_header=False)
    write_mo(for_programs, catalogue)
    lines = for_people.getvalue().splitlines(keepends=True)
    kept = b"".join(line for line in lines if not line.startswith(PRIVATE))
    return {"badgateway.po": kept, "badgateway.mo": for_programs.getvalue()}


def main() -> int:
    """Write or check every catalogue."""
    outdated = []
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/badgateway.po")):
        for name, data in files_of(updated(path)).items():
            file = path.with_name(name)
            if not file.exists() or file.read_bytes() != data:
                outdated.append(str(file.relative_to(PACKAGE)))
                if "--check" not in sys.argv:
                    file.write_bytes(data)
    if outdated and "--check" in sys.argv:
        print(f"run: .venv/bin/python scripts/messages.py (out of date: {', '.join(outdated)})")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
