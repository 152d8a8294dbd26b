"""Questions in the terminal, and forms made from a command's declaration.

    priority: -1000 to 1000, higher runs first
    priority [0]:

An empty answer takes the default. `b`, the end of the input and Ctrl-C lead back one level (`Back`), and
so do three wrong answers, so that a form fed from a file always ends. The result of a form is the words of the
one-shot command that does the same.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..commands.grammar.commandline import INPUTS
from ..commands.grammar.elsewhere import SOURCES_ELSEWHERE
from ..commands.grammar.registry import Arg, Command
from ..model.clock import SYSTEM_CLOCK
from .answer import say
from .line import Pattern, with_files
from .terminal import Terminal
from .text import wrapped

TRIES = 3
BACK = ("b", "back")
YES, NO = ("y", "yes"), ("n", "no")
# What the help of an argument says only for the shell.
QUOTED = ", as one quoted text"
# What it says instead: a form asks once.
REPEATABLE = ("; repeatable", " (several: a,b)")


class Back(Exception):
    """The user wants to go back to the level before."""


class EndOfInput(Back):
    """No more answers will come: every level goes back."""


class Interrupted(Back):
    """Ctrl-C was pressed at a question."""


class Asker:
    """Asks questions on the terminal and reads answers from stdin, whether a person or a file gives them."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def show(self, text: str) -> None:
        """Write our own words, wrapped to the width of the terminal."""
        self.write("\n".join(wrapped(text, self.terminal.columns - 1)) + "\n")

    def write(self, text: str) -> None:
        """Write a text as it is, at once. Raises BrokenPipeError, QueueCTLError."""
        say(text, self.terminal)

    def read(self, prompt: str) -> str:
        """Return one answer without blanks around it. Raises EndOfInput, Interrupted."""
        self.write(prompt)
        try:
            line = self.terminal.stdin.readline()
        except KeyboardInterrupt:
            self.write("\n")
            raise Interrupted from None
        except ValueError:
            line = "?"  # Not a text in this encoding; no question takes it.
        if not line:
            self.write("\n")
            raise EndOfInput
        if not self.terminal.stdin.isatty():
            # A transcript of piped answers shows them, as a terminal does.
            self.write(self.terminal.safe(line.rstrip("\n")) + "\n")
        return line.strip()

    def ask(self, name: str, explanation: str, check: Callable[[str], object], *, default: str | None = None) -> str:
        """Return an answer that `check` takes, "" for the `default` shown; without one, "" leads back. Raises Back."""
        if explanation:
            self.show(self.terminal.paint(f"  {explanation}", "dim"))
        for _ in range(TRIES):
            answer = self.read(f"{name}{'' if default is None else f' [{self.terminal.safe(default)}]'}: ")
            if answer.lower() in BACK or (not answer and default is None):
                raise Back
            if not answer:
                return ""
            try:
                check(answer)
            except ValueError as error:
                self.show(f"  {name} {self.terminal.safe(str(error))}")
                continue
            return answer
        raise Back

    def confirm(self, question: str) -> bool:
        """Return whether the answer is yes; an empty one is no. Ask again after any other. Raises Back."""
        for _ in range(TRIES):
            answer = self.read(f"{question}? [y/N] ").lower()
            if answer in BACK:
                raise Back
            if answer in ("", *YES, *NO):
                return answer in YES
            self.show("  answer y or n; b leads back")
        raise Back


def fill(
    command: Command,
    names: Sequence[str],
    asker: Asker,
    *,
    more: Sequence[str],
    fixed: Sequence[str],
    defaults: Mapping[str, str | None],
) -> list[str]:
    """Ask for some of a command's arguments; return the words of the command. Raises Back.

    `names` are the arguments to ask for, in this order, `more` those that the user may skip together, and `fixed`
    words that always stand there. `defaults` says what arguments default to, by key; None is one that must be given.
    """
    positionals: list[str] = []
    options: list[str] = []
    inputs: list[str] = []

    def asked() -> Iterator[str]:
        yield from names
        if more and asker.confirm("more options"):
            yield from more

    for name in asked():
        arg = next(arg for arg in command.args if name in arg.names)
        answer = _ask(asker, arg, defaults[arg.key] if arg.key in defaults else default_of(arg))
        # A positional cannot stand where it does, nor after `--`, where the command takes words.
        needs_option = command.takes_rest and (answer.startswith("-") or answer in (INPUTS, *SOURCES_ELSEWHERE))
        if arg.flag:
            options += [arg.names[0]] * (answer.lower() in YES)
        elif answer and arg.inputs:
            inputs = [INPUTS, *with_files(map(Pattern, _words(arg, answer)))]
        elif answer and (arg.is_option or needs_option):
            option = arg.long_name if arg.is_option else f"--{arg.key}"
            options += [f"{option}={answer}"] if answer.startswith("-") else [option, answer]
        elif answer:
            positionals += _words(arg, answer)
    # A word that begins with a dash would be read as an option.
    bars = ["--"] if any(word.startswith("-") for word in positionals) else []
    return [*command.path.split(), *fixed, *options, *bars, *positionals, *inputs]


def _ask(asker: Asker, arg: Arg, default: str | None) -> str:
    name = arg.long_name.lstrip("-")
    if arg.flag:
        return asker.ask(name, arg.help, _yes_or_no, default="no")

    def check(text: str) -> None:
        for word in _words(arg, _meant(arg, text)):
            arg.check(word, SYSTEM_CLOCK.wall())

    # The prompt shows the default itself, and what is typed here needs no quotes.
    explanation = arg.help.partition(" (default:")[0].partition(QUOTED)[0].replace(*REPEATABLE)
    answer = asker.ask(name, explanation, check, default=default)
    meant = _meant(arg, answer)
    if meant != answer:
        asker.write(asker.terminal.safe(f"  without the quotes around it: {meant}") + "\n")
    return meant


def default_of(arg: Arg) -> str | None:
    """Return what an empty answer means, as it is shown: what the help says, or `none`; None if it must be given."""
    said = arg.help.partition("(default: ")[2].rstrip(")")
    if said:
        return said
    if arg.default is not None and not arg.many and not arg.flag:
        return str(arg.default)
    return "none" if arg.is_option or arg.optional else None


def _words(arg: Arg, text: str) -> list[str]:
    """Return an answer's words; that of an option, or of a single field of a job, stays whole."""
    return shlex.split(text) if arg.many and not arg.is_option and arg.field is None else [text]


def _meant(arg: Arg, text: str) -> str:
    """Return an answer without the quotes around all of it, which a shell would need and a form does not."""
    is_one = not arg.is_option and not (arg.many and arg.field is None)
    if not (is_one or arg.field == "command") or text[:1] not in ("'", '"') or text[-1:] != text[:1]:
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    # A program may have a blank in its name, and then it needs them.
    is_whole = len(words) == 1 and " " in words[0] and not os.path.exists(words[0])
    return words[0] if is_whole else text


def _yes_or_no(text: str) -> None:
    if text.lower() not in (*YES, *NO):
        raise ValueError("must be yes or no")
