"""Lines of the shell: commands of the queue separated by `;`, the shell's own words, and the history of what was typed.

A line that was typed runs whole, whatever its commands return. A script (`shell -c LINE`, a pipe,
`source FILE`) ends at the first command that fails, unless an option says to keep going.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from ..commands.grammar.commandline import CommandLine
from ..commands.grammar.registry import WATCH
from ..model.errors import Conflict, InvalidInput, NotFound, QueueCTLError, quoted
from ..model.shellwords import shell_word
from ..model.when import is_digits
from .answer import say
from .dispatch import BROKEN_PIPE, INTERRUPTED, Session
from .line import Operator, Pattern, split_commands, with_files
from .text import NAME, escape

WORDS = {
    "clear": ("clear", "clear the screen"),
    "exit": ("exit", "leave the shell (also quit, q, Ctrl-D)"),
    "history": ("history [--clear]", "list what was typed; !N, !PREFIX or !! run it again"),
    "source": ("source FILE", "run the commands of a file, one a line"),
    "watch": ("watch [SECONDS] COMMAND", "show a command's answer again and again until Ctrl-C"),
}
LEAVE = ("exit", "quit", "q")
HOME_AND_ERASE = "\x1b[H\x1b[2J\x1b[3J"
DEEPEST_SOURCE = 10
SHOWN_LINES = 50
REMEMBERED = 1000
LONGEST_LINE = 10_000
READ_BYTES = 4 * 1024 * 1024


class Interpreter:
    """Runs lines. `is_leaving` says that a line asked to leave the shell."""

    def __init__(self, session: Session, history: History | None = None, *, keep_going: bool = False) -> None:
        self.is_leaving = False
        self._session = session
        self._history = history
        self._keep_going = keep_going
        self._depth = 0

    def run_script(self, lines: Iterable[str], name: str = "") -> int:
        """Run lines until one fails, the end, or `exit`; return the last exit code. Errors say where in `name`."""
        place = self._session.place
        code = 0
        try:
            for number, line in enumerate(lines, 1):
                self._session.place = f"{name}:{number}: " if name else ""
                code = self.run(line, stop_at_failure=not self._keep_going)
                if self.is_leaving or code in (INTERRUPTED, BROKEN_PIPE) or (code and not self._keep_going):
                    break
            return code
        finally:
            self._session.place = place

    def run(self, line: str, *, stop_at_failure: bool = False) -> int:
        """Run the commands of a line; return the last one's exit code. Ctrl-C skips the rest of the line."""
        try:
            # No word that the system gives to a program has one, so no command expects it.
            if "\0" in line:
                raise InvalidInput(f"a command must not contain a NUL character, got {quoted(line)}")
            commands = split_commands(line)
        except InvalidInput as error:
            return self._session.fail(error)
        code = 0
        for words in commands:
            code = self._command(words, code)
            if self.is_leaving or code in (INTERRUPTED, BROKEN_PIPE) or (code and stop_at_failure):
                return code
        return code

    def _command(self, words: list[str], last_code: int) -> int:
        """Run one command, the shell's own or the queue's; return its exit code."""
        # A line that was copied from elsewhere may begin with the words that call the program there.
        count = 1 if words[0] == NAME else 2 if words[0].startswith("python") and words[1:2] == ["main.py"] else 0
        words = words[count:] or ["help"]
        try:
            _refuse_operators(words)
            if words == ["clear"]:
                terminal = self._session.terminal()
                say(HOME_AND_ERASE * terminal.is_tty, terminal)
                return 0
            if words == ["?"]:
                return self._help([])
            if words[0] in LEAVE and len(words) == 1:
                self.is_leaving = True
                return last_code
            if words[0] == "source":
                return self._source(words[1:])
            if words[0] == "watch":
                return self._session.execute(_watched(words[1:]))
            if words[0] == "history" and (len(words) == 1 or words[1] == "--clear"):
                return self._show_history(clear=len(words) > 1)
            if words[0] == "help" and " ".join(words[1:]) in ("", *WORDS):
                return self._help(words[1:])
        except QueueCTLError as error:
            return self._session.fail(error)
        return self._session.execute(_with_inputs(words))

    def _source(self, words: list[str]) -> int:
        if len(words) != 1:
            raise InvalidInput("source takes the name of one file", hint="source commands.txt")
        if self._depth >= DEEPEST_SOURCE:
            raise Conflict(f"{words[0]}: files source each other more than {DEEPEST_SOURCE} deep")
        try:
            with open(words[0], encoding="utf-8", errors="surrogateescape") as file:
                lines = file.read().splitlines()
        except OSError as error:
            raise NotFound(f"cannot read {quoted(words[0])}: {error.strerror}") from error
        self._depth += 1
        try:
            return self.run_script(lines, words[0])
        finally:
            self._depth -= 1

    def _show_history(self, *, clear: bool) -> int:
        if self._history is None:
            raise InvalidInput("a script has no history", hint="queuectl history JOB shows what happened to a job")
        if clear:
            self._history.clear()
            return 0
        terminal = self._session.terminal()
        numbered = list(enumerate(self._history.lines, 1))[-SHOWN_LINES:]
        say("".join(f"{number:>5}  {terminal.safe(line)}\n" for number, line in numbered), terminal)
        return 0

    def _help(self, topic: list[str]) -> int:
        """Show the help of the shell's own words, after that of the queue's commands where both are meant."""
        name = " ".join(topic)
        code, heading = 0, ""
        if name in ("", "history"):
            code, heading = self._session.execute(["help", *topic]), "\nin the shell:\n"
        entries = [WORDS[name]] if name else WORDS.values()
        say(heading + "".join(f"  {usage:<24} {text}\n" for usage, text in entries), self._session.terminal())
        return code


def _refuse_operators(words: list[str]) -> None:
    """Raise InvalidInput for `list | head`: there is no pipe here, and its words would be searched for."""
    for found in words:
        if isinstance(found, Operator):
            hint = "type the whole line there, or put what you look for in quotes"
            if words[0] in ("add", "run"):
                command = " ".join(word if isinstance(word, Operator) else shell_word(word) for word in words[1:])
                hint = f"queuectl add {shell_word(command)}"
            raise InvalidInput(f"{found} means nothing here, it is for the system's shell", hint=hint)


def _with_inputs(words: list[str]) -> list[str]:
    """Return the words of a command with each pattern among its inputs replaced by the files it finds."""
    if not any(isinstance(word, Pattern) for word in words):
        return words
    line = CommandLine(words)
    return words if line.inputs is None else [*words[: line.end], *with_files(words[line.end :])]


def split_interval(words: list[str]) -> tuple[str, list[str]]:
    """Return the seconds of `watch [SECONDS] COMMAND` and the words of the command. No command begins with a digit."""
    return (words[0], words[1:]) if words and words[0][:1].isdigit() else ("", words)


def _watched(words: list[str]) -> list[str]:
    """Return the words of `watch [SECONDS] COMMAND` as a command with --watch. Raises InvalidInput."""
    interval, words = split_interval(words)
    line = CommandLine(words)
    if not words:
        raise InvalidInput("no command given; give one to watch", hint="watch list --state processing")
    if line.command is None:
        return words
    if WATCH not in line.command.args:
        hint = "try: watch list, watch status, watch worker status"
        raise InvalidInput(f"{line.command.path} cannot be watched, it does more than look", hint=hint)
    option = [f"{WATCH.names[0]}={interval or WATCH.implied}"]
    end = line.name[-1] + 1
    return [*words[:end], *option, *words[end:]]


class History:
    """The lines of this and earlier shells, oldest first: a UTF-8 file in the home, readable by its owner only.

    Readline's own history files are a trap: GNU readline and libedit cannot read each other's, and a truncated file of
    libedit's is refused forever. So lines are given to readline one by one, and each new one is appended to the file at
    once: two shells do not overwrite each other's. A file that cannot be used costs nothing else: `complain` is called
    with what goes wrong, once.
    """

    def __init__(self, path: str, complain: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._path = path
        self._complain = complain
        self._usable = True
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(max(0, size - READ_BYTES))
                text = file.read(READ_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return
        except OSError as error:
            self._give_up(error)
            return
        lines = [line for line in text.split("\n") if _is_line(line)]
        self.lines = lines[-REMEMBERED:]
        if len(lines) > 2 * REMEMBERED:
            self._rewrite()

    def add(self, line: str) -> bool:
        """Remember a line; return False for one not worth it: empty, the same as the last, or after a blank."""
        line = line.rstrip("\n")
        if line.startswith(" ") or not _is_line(line) or self.lines[-1:] == [line]:
            return False
        self.lines.append(line)
        if self._usable:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            try:
                with open(os.open(self._path, flags, 0o600), "ab") as file:
                    file.write((line + "\n").encode("utf-8", "replace"))
            except OSError as error:
                self._give_up(error)
        return True

    def clear(self) -> None:
        """Forget all lines, in the file too."""
        self.lines.clear()
        self._rewrite()

    def expand(self, line: str) -> str | None:
        """Return the line that `!!`, `!N` or `!PREFIX` stands for, None if there is none."""
        wanted = line[1:].strip()
        if wanted == "!":
            return self.lines[-1] if self.lines else None
        if is_digits(wanted):
            number = int(wanted)
            return self.lines[number - 1] if 1 <= number <= len(self.lines) else None
        return next((old for old in reversed(self.lines) if wanted and old.startswith(wanted)), None)

    def _rewrite(self) -> None:
        """Replace the file by the remembered lines, wholly or not at all."""
        draft = f"{self._path}.{os.getpid()}"
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write("".join(line + "\n" for line in self.lines).encode("utf-8", "replace"))
            os.replace(draft, self._path)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        if self._usable:
            self._usable = False
            self._complain(f"the history is not kept: {self._path}: {error.strerror}")


def _is_line(line: str) -> bool:
    """Return whether this is a line that was typed, not what a damaged file is full of."""
    plain = line.replace("\t", " ")
    return bool(line.strip()) and len(line) <= LONGEST_LINE and escape(plain) == plain
