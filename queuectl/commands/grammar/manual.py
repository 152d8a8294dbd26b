"""The manual page, in roff, made from the table of commands and the table of settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..context import Context
from ..result import Result
from .help import EXIT_CODES, FIRST_STEPS, help_of, spelled, usage_of
from .registry import COMMANDS, Arg, Command, command, load

DESCRIPTION = """QueueCTL keeps shell commands in a queue and runs them in the background, with retries, timeouts
and a dead letter queue. Everything it knows is in one directory, the home.

Without a command, queuectl opens its shell on a terminal and elsewhere prints the list of commands."""
FILES = (
    (".queuectl", "the home, looked for in the current directory and upward; made by queuectl init"),
    ("~/.queuectl", "the home where there is none upward"),
    ("queue.db", "in the home: the jobs, their output and the settings, an SQLite database"),
    ("logs/", "in the home: what the workers say"),
    ("run/", "in the home: locks, of use only while something runs"),
    ("templates/", "in the home: your own job templates"),
    ("history", "in the home: the lines typed in the shell"),
)
VARIABLES = (
    (r"\fBQUEUECTL_HOME\fR", "the home, unless --home is given"),
    (r"\fBNO_COLOR, FORCE_COLOR, CLICOLOR\fR", "whether to use color, unless --color is given"),
    (r"\fBCOLUMNS, LINES\fR", "the size to assume for the terminal"),
    (r"\fBQUEUECTL_PAGER, PAGER\fR", "what shows long answers on a terminal; empty for nothing"),
    (
        r"\fBQUEUECTL_\fISETTING\fR",
        "a setting by its name in capitals, such as QUEUECTL_MAX_RETRIES; wins over the home's",
    ),
)
SEE_ALSO = (".BR at (1) ,", ".BR crontab (1) ,", ".BR nohup (1) ,", ".BR sh (1) ,", ".BR xargs (1)")


@command("man", examples=("man", "man > queuectl.1"))
def man(context: Context) -> Result:
    """Show the manual page; in a pipe or file it is roff."""
    return Result(text=[manual_page()], roff=True)


def manual_page() -> str:
    """Return the manual page."""
    return "\n".join(line for line in _lines() if line) + "\n"


def _lines() -> Iterator[str]:
    from ... import __version__
    from .commandline import GLOBALS

    load()
    # No date: the page says the same whenever it is made.
    yield f'.TH QUEUECTL 1 "" "QueueCTL {escaped(__version__)}" "User Commands"'
    yield from _section("NAME", [r"queuectl \- run shell commands in the background"])
    yield from _section("SYNOPSIS", [".B queuectl", r"[\fIOPTIONS\fR] \fICOMMAND\fR ..."])
    yield from _section("DESCRIPTION", _paragraphs(DESCRIPTION))
    yield from _section("FIRST STEPS", _example_lines(FIRST_STEPS.split("\n")[1:]))
    yield ".SH COMMANDS"
    for group in dict.fromkeys(found.group for found in COMMANDS.values()):
        yield f".SS {escaped(group)}"
        for found in COMMANDS.values():
            if found.group == group:
                yield from _command(found)
    yield from _section("GLOBAL OPTIONS", ["They may stand before or after the command."])
    yield from _terms(map(_option, GLOBALS))
    yield from _section("SETTINGS", _settings())
    yield from _section("EXIT STATUS", _terms((_bold(code), meaning) for code, meaning in EXIT_CODES.items()))
    yield from _section("ENVIRONMENT", _terms(VARIABLES))
    yield from _section("FILES", _terms((_italic(name), text) for name, text in FILES))
    yield from _section("EXAMPLES", _example_lines(f"queuectl {found.examples[0]}" for found in COMMANDS.values()))
    yield from _section("SEE ALSO", SEE_ALSO)


def _section(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {name}"
    yield from lines


def _command(found: Command) -> Iterator[str]:
    """Yield what there is to say about a command: how it is written, what it does, what it takes."""
    usage = usage_of(found, _italic).replace("[--", "[\\-\\-")
    yield from _terms([(_bold(f"queuectl {found.path}") + usage, found.help + ".")])
    for paragraph in filter(None, found.description.split("\n\n")):
        yield ".IP"
        yield from map(text_line, paragraph.split("\n"))
    if found.aliases:
        yield ".IP"
        yield text_line("Also: " + ", ".join(f"queuectl {alias}" for alias in found.aliases) + ".")
    shown = [arg for arg in found.args if not arg.hidden]
    if shown:
        yield ".RS"
        yield from _terms(map(_option, shown))
        yield ".RE"


def _bold(text: str) -> str:
    return f"\\fB{escaped(text)}\\fR"


def _italic(text: str) -> str:
    return f"\\fI{escaped(text)}\\fR"


def _option(arg: Arg) -> tuple[str, str]:
    """Return how an argument is written, in roff, and its help."""
    if arg.rest or arg.inputs:
        mark = "\\-\\-" if arg.rest else ":::"
        return f"{mark} {_italic(arg.metavar)} ...", help_of(arg)
    return spelled(arg, _bold, _italic), help_of(arg)


def _settings() -> Iterator[str]:
    from ...model.settings import SETTINGS

    yield text_line("Set them with queuectl config set NAME VALUE.")
    for setting in SETTINGS:
        aliases = f" Also: {', '.join(setting.aliases)}." if setting.aliases else ""
        text = f"{setting.help} (default: {setting.show(setting.default)}). Must be {setting.allowed}.{aliases}"
        yield from _terms([(_bold(setting.name), text)])


def _terms(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, text in pairs:
        yield ".TP"
        yield term
        yield text_line(text)


def _paragraphs(text: str) -> Iterator[str]:
    for index, paragraph in enumerate(text.split("\n\n")):
        yield ".PP" if index else ""
        yield from map(text_line, paragraph.split("\n"))


def _example_lines(lines: Iterable[str]) -> Iterator[str]:
    yield ".nf"
    for line in lines:
        yield text_line(line.strip())
    yield ".fi"


def text_line(line: str) -> str:
    """Return a line of text that roff prints as it is."""
    line = escaped(line)
    return "\\&" + line if line.startswith((".", "'")) else line


def escaped(text: str) -> str:
    """Return text in which no character means anything to roff: typed quotes, dashes, carets stay as typed."""
    for char, written in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"), ("^", "\\(ha"), ("~", "\\(ti")):
        text = text.replace(char, written)
    return text
