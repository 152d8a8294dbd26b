"""The shell and readline: what is set up, and what is inserted, with GNU readline and with libedit.

A stand-in plays readline: the line, the cursor and the word as each library takes it.
"""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from queuectl.engine.queue import Queue
from queuectl.frontends import shell as module
from queuectl.frontends.dispatch import Session
from queuectl.frontends.interpreter import History
from tests.commands.calling import bring, done


class Readline(types.ModuleType):
    """What readline is for the shell."""

    def __init__(self, doc: str) -> None:
        super().__init__("readline", doc)
        self.bindings: list[str] = []
        self.history: list[str] = []
        self.delims = self.line = ""
        self.auto_history = True
        self.parse_and_bind = self.bindings.append
        self.add_history = self.history.append
        self.clear_history = self.history.clear

    def set_completer_delims(self, delims: str) -> None:
        self.delims = delims

    def set_completer(self, completer: Any) -> None:
        self.completer = completer

    def set_auto_history(self, on: bool) -> None:
        self.auto_history = on

    def get_line_buffer(self) -> str:
        return self.line

    def get_endidx(self) -> int:
        return len(self.line)

    def complete(self, line: str, word: str) -> list[str]:
        """Press TAB at the end of a line, of which the library takes `word` for the word."""
        self.line = line
        found: list[str] = []
        while True:
            match = self.completer(word, len(found))
            if match is None:
                return found
            found.append(match)


GNU, LIBEDIT = "Importing this module enables command line editing using GNU readline.", "... using libedit readline."


def _no_front_end(*_: Any) -> Any:
    raise AssertionError("no command is run here")


def start(home: str, monkeypatch: pytest.MonkeyPatch, doc: str = GNU) -> Readline:
    readline = Readline(doc)
    monkeypatch.setitem(sys.modules, "readline", readline)
    options = {"home": home, "color": "auto", "quiet": False, "json": False}
    history = History(f"{home}/history", lambda text: None)
    module.Shell(Session("shell", _no_front_end, options), Queue(home), history)
    return readline


def test_words_end_at_blanks_only_and_answers_are_not_history(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done(home, "list")
    with open(f"{home}/history", "w", encoding="utf-8") as file:
        file.write("list\nstatus\n")
    readline = start(home, monkeypatch)
    assert (readline.delims, readline.auto_history) == (" \t\n", False)
    assert readline.history == ["list", "status"]
    assert "tab: complete" in readline.bindings


def test_libedit_is_set_up_in_its_own_syntax(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readline = start(home, monkeypatch, LIBEDIT)
    assert readline.bindings == ["bind ^I rl_complete"]
    readline.backend = "editline"  # type: ignore[attr-defined]
    assert module.is_libedit(readline)


@pytest.mark.slow
@pytest.mark.parametrize(
    "line, word, inserted",
    [
        ("sta", "sta", ["status "]),
        ("list --state=dea", "--state=dea", ["--state=dead "]),
        ("list --state=dea", "dea", ["dead "]),
        ("list --state dead,pen", "dead,pen", ["dead,pending "]),
        ("list;sta", "list;sta", ["list;status "]),
        ("list; show dead", "dead", ["dead-1 "]),
        ("show 'dead", "'dead", ["'dead-1' "]),
        ('show "dead', '"dead', ['"dead-1" ']),
        ("show 'dead", "dead", ["dead-1' "]),
        ("list 'tag:a state:dea", "state:dea", ["state:dead' "]),
        ("list 'state:dead que", "'state:dead que", ["'state:dead queue:"]),
        ("dlq retry dea", "dea", ["dead-1 "]),
        ("dlq rem", "rem", ["remove "]),
        ("watch dlq li", "li", ["list "]),
        ("config get max-ret", "max-ret", ["max-retries ", "max-retry-delay "]),
        ("source", "source", ["source "]),
        ("add 'sha256su", "'sha256su", ["'sha256sum"]),
        ("add sha256su", "sha256su", ["sha256sum"]),
        ("add 'sha256sum x", "x", []),
        ("watch 5 stat", "stat", ["status "]),
        ("nonsense ", "", []),
        ("show \x1b[", "\x1b[", []),
    ],
)
@pytest.mark.parametrize("doc", [GNU, LIBEDIT], ids=["gnu", "libedit"])
def test_a_word_is_completed_however_the_library_takes_it(
    home: str, monkeypatch: pytest.MonkeyPatch, doc: str, line: str, word: str, inserted: list[str]
) -> None:
    bring(home, "dead")
    assert start(home, monkeypatch, doc).complete(line, word) == inserted


def test_an_empty_line_offers_the_commands_and_the_shells_own_words(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    offered = start(home, monkeypatch).complete("", "")
    assert {"add ", "dlq ", "exit ", "source ", "watch "} <= set(offered)


def test_completing_makes_no_home(home: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    assert start(str(tmp_path / "none"), monkeypatch).complete("show ", "") == []
    assert not (tmp_path / "none").exists()


def test_completing_never_raises(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done(home, "list")
    readline = start(home, monkeypatch)
    with open(f"{home}/queue.db", "wb") as file:
        file.write(b"damaged")
    for line in (
        "show ",
        "list --state=",
        "add \\",
        "'",
        ";;;",
        "config set webhook_events dead,",
        "list --columns id,",
    ):
        readline.complete(line, line.rpartition(" ")[2])
