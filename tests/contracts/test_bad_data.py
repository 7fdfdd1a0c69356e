"""One file for each way to be wrong, with the complaint that its author must get."""

from pathlib import Path

import pytest

from badgateway.knowledge.compile import LOADERS
from badgateway.knowledge.files import KnowledgeError, parse

FOLDER = Path(__file__).resolve().parents[1] / "bad_data"
FILES = sorted(FOLDER.glob("*/*.toml"))


def expected(text: str) -> str:
    """The complaint stands in the file's first line."""
    first = text.splitlines()[0]
    assert first.startswith("# expect: "), "a bad file begins with '# expect: LINE: complaint'"
    return first.removeprefix("# expect: ")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_wrong_file_is_refused_by_name_line_and_reason(path):
    """The author reads which file, which line, and what is wrong there."""
    text = path.read_text("utf-8")
    shown = f"{path.parent.name}/{path.name}"
    name = text.partition("# name: ")[2].partition("\n")[0] or path.stem
    with pytest.raises(KnowledgeError) as complaint:
        LOADERS[path.parent.name](name, parse(shown, text))
    assert str(complaint.value) == f"{shown}:{expected(text)}"


def test_there_is_a_bad_file_for_each_kind():
    """Every kind of knowledge file has its wrong examples."""
    assert {path.parent.name for path in FILES} == set(LOADERS)
