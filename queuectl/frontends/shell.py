"""The `queuectl>` shell: a readline loop around the interpreter.

The prompt carries the facts that matter (`queuectl [3 pending, 1 dead !]>`); jobs that have ended are reported
just before it. A mistake never ends the shell, an empty line does nothing, Ctrl-C clears the line, Ctrl-D and
`exit` leave. Without readline (or with libedit) it is the same shell with less comfort.

`cmd.Cmd` has the loop; its own dispatch, completion and empty line are overridden, since they split words in
their own way and repeat the last command on an empty line.
"""

from __future__ import annotations

import cmd
import os
import sys
from types import ModuleType
from typing import Any

from ..commands.completion.candidates import Candidate, Lookup, candidates
from ..engine.queue import Queue
from ..model.clock import SYSTEM_CLOCK
from ..model.errors import InvalidInput, QueueCTLError
from ..model.job import jobs_text
from .dispatch import BROKEN_PIPE, Session
from .interpreter import WORDS, History, Interpreter, split_interval
from .line import cursor, typed_word
from .text import clip

PROMPT_STATES = ("processing", "pending", "failed", "dead")
NEWS_SHOWN = 5
PAUSE_WIDTH = 48
BLANKS = " \t\n"


def run_shell(session: Session, line: str | None, *, keep_going: bool) -> int:
    """Run `line`, or else what stdin holds, or else the interactive shell; return the exit code."""
    if line is not None:
        return Interpreter(session, keep_going=keep_going).run_script([line])
    if sys.stdin is None or not sys.stdin.isatty():
        session.owns_stdin = True
        return Interpreter(session, keep_going=keep_going).run_script(sys.stdin, "stdin")
    terminal = session.terminal()
    queue = Queue(session.defaults["home"])
    queue.home.prepare()
    shell = Shell(session, queue, History(queue.home.history, terminal.note))
    hint = "help lists the commands, TAB completes, exit or Ctrl-D leaves."
    terminal.out.write(terminal.banner(queue.home.path, hint))
    while True:
        try:
            shell.cmdloop()
            return 0
        except KeyboardInterrupt:
            terminal.out.write("\n")
        except OSError:
            return 0  # The terminal is gone, and nobody is there to read an error.


class Shell(cmd.Cmd):
    """The loop that reads lines; the interpreter knows what they mean. It reports jobs that end from now on."""

    def __init__(self, session: Session, queue: Queue, history: History) -> None:
        super().__init__(completekey=None)  # type: ignore[arg-type]
        self._session = session
        self._queue = queue
        self._news = queue.reports.news(SYSTEM_CLOCK.wall())
        self._history = history
        self._interpreter = Interpreter(session, history)
        self._matches: list[str] = []
        self._readline = set_up_readline(self.complete, history)

    def preloop(self) -> None:
        """Report the jobs that have ended, and put the facts into the prompt."""
        facts, ended = self._read_facts()
        terminal = self._session.terminal()
        for line in ended:
            terminal.note(line, "dim")
        self.prompt = f"queuectl [{facts}]> " if facts else "queuectl> "

    def onecmd(self, line: str) -> bool:
        """Run a line; return whether to leave."""
        if line == "EOF":
            self._session.terminal().out.write("\n")
            return True
        if line.startswith("!"):
            known = self._history.expand(line)
            if known is None:
                self._session.fail(InvalidInput(f"no earlier line matches {line}", hint="see them with: history"))
                return False
            terminal = self._session.terminal()
            terminal.say(terminal.err.safe(known))
            line = known
        if self._history.add(line) and self._readline is not None:
            self._readline.add_history(line)
        return self._interpreter.run(line) == BROKEN_PIPE or self._interpreter.is_leaving

    def emptyline(self) -> bool:
        """Do nothing: the base class would repeat the last command, and add a job twice."""
        return False

    def postcmd(self, stop: bool, line: str) -> bool:
        """Do the same before the next line."""
        if not stop:
            self.preloop()
        return stop

    def _read_facts(self) -> tuple[str, list[str]]:
        """Return the facts for the prompt and a line for each job that has ended since; nothing without a store."""
        if not os.path.exists(self._queue.home.database):
            return "", []
        try:
            with self._queue as queue:
                status = queue.reports.status()
                ended = self._news.look()
                counts = [f"{status.jobs[state]} {state}" for state in PROMPT_STATES if status.jobs[state]]
                if status.pause is not None:
                    # Others wrote the reason.
                    err = self._session.terminal().err
                    counts.insert(0, clip(err.safe(status.pause.pause_text(status.now)), PAUSE_WIDTH, err.ellipsis))
                known = ", ".join(counts)
                # The prompt shows the number of dead jobs anyway.
                if any(alert.is_pressing and alert.code != "dead_jobs" for alert in status.alerts):
                    known = f"{known} !".lstrip()
        except QueueCTLError:
            return "", []  # The next command says what is wrong, and what to do.
        lines = [f"[{job.id} {job.state}" + (f": {job.error}]" if job.error else "]") for job in ended[-NEWS_SHOWN:]]
        if len(ended) > NEWS_SHOWN:
            more = len(ended) - NEWS_SHOWN
            lines.insert(0, f"[{jobs_text(more, 'more')} {'has' if more == 1 else 'have'} ended]")
        return known, lines

    def complete(self, text: str, state: int) -> str | None:  # type: ignore[override]
        """Return the state-th completion of readline's word, None after the last."""
        if state == 0:
            self._matches = self._complete(text)
        return self._matches[state] if state < len(self._matches) else None

    def _complete(self, text: str) -> list[str]:
        assert self._readline is not None
        under = cursor(self._readline.get_line_buffer()[: self._readline.get_endidx()])
        typed = []
        for candidate in self._candidates(under.words, under.text):
            word = typed_word(candidate.value, under.quote)
            # One that continues is left open.
            typed.append(word + " " if candidate.is_complete else word[:-1] if under.quote else word)
        # readline splits at blanks only: its word may begin before ours (`list;sho`) or after (`'my jo`).
        before = text[: len(text) - len(under.raw)] if len(text) > len(under.raw) else ""
        skipped = max(0, len(under.raw) - len(text))
        return [before + word[skipped:] for word in typed]

    def _candidates(self, words: list[str], text: str) -> list[Candidate]:
        """Return what a word may become: the shell's own words, and the queue's commands with what they take."""
        ask = Lookup(self._queue.home.path)
        if not words:
            own = [Candidate(word, help) for word, (_, help) in WORDS.items() if word.startswith(text)]
            return [one for one in candidates(words, text, ask) if one.value not in WORDS] + own
        if words == ["source"]:
            return ask.files(text)
        if words[0] == "watch":
            words = split_interval(words[1:])[1]
        return candidates(words, text, ask)


def set_up_readline(complete: Any, history: History) -> ModuleType | None:
    """Prepare readline, or libedit in its place; return None where Python has neither."""
    try:
        import readline
    except ImportError:
        return None
    readline.set_completer_delims(BLANKS)
    readline.set_completer(complete)
    if is_libedit(readline):
        # Before 3.13 Python's own binding has no effect there.
        readline.parse_and_bind("bind ^I rl_complete")
    else:
        readline.parse_and_bind("tab: complete")
        readline.parse_and_bind("set enable-bracketed-paste on")
    # The answer to a question (y/N) is not a command.
    if hasattr(readline, "set_auto_history"):
        readline.set_auto_history(False)
    readline.clear_history()
    for line in history.lines:
        readline.add_history(line)
    return readline


def is_libedit(readline: ModuleType) -> bool:
    """Return whether the module readline is really libedit."""
    return getattr(readline, "backend", "") == "editline" or "libedit" in (readline.__doc__ or "")
