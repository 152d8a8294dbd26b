"""The words of the project: American English, and the usual word, in all that users and maintainers read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ROOT

# What an editor would strike out, and the usual word.
UNUSUAL = {
    "anew": "again",
    "at the latest": "at most ... later",
    "behaviour": "behavior",
    "besides": "in addition to",
    "by way of": "through",
    "centre": "center",
    "colour": "color",
    "for want of": "for lack of",
    "fulfil": "fulfill",
    "good-bye": "tell that it ends",
    "labelled": "labeled",
    "lately": "recently",
    "looked at": "read, checked",
    "neighbour": "neighbor",
    "no more than": "at most",
    "otherwise than": "in another way than",
    "shall": "must",
    "whoever": "who it is: the caller, a process, anyone who",
}
WORD = re.compile(rf"(?<![a-z])({'|'.join(UNUSUAL)})(s|ed|ing)?(?![a-z])", re.IGNORECASE)
KINDS = {".py", ".js", ".css", ".html", ".sql", ".md"}
PLACES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs", "queuectl", "benchmarks", "tests"]
FILES = sorted(
    path
    for place in PLACES
    for path in ([ROOT / place] if (ROOT / place).is_file() else (ROOT / place).rglob("*"))
    if path.suffix in KINDS and path != Path(__file__)
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_text_has_the_usual_words(path: Path) -> None:
    text = re.sub(r"\s+(?:#|//|--)?\s*|_", " ", path.read_text(encoding="utf-8"))
    found = [f"{match.group()}: write {UNUSUAL[match.group(1).lower()]}" for match in WORD.finditer(text)]
    assert found == []
