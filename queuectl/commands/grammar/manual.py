"""Help pages and the manual page, which is roff: made from the table of commands and the table of settings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence

from ... import __version__
from ...model.settings import SETTINGS
from ..context import Context, Result
from .commandline import GLOBALS
from .registry import COMMANDS, Arg, Command, command, commands_of, load

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
        "a setting by its name in capitals, such as QUEUECTL_MAX_RETRIES; overrides the home's",
    ),
)
SEE_ALSO = (".BR at (1) ,", ".BR crontab (1) ,", ".BR nohup (1) ,", ".BR sh (1) ,", ".BR xargs (1)")
WIDTH = 79
# A longer help page is shortened: a line for each main option, and the names of the others.
SCREEN_LINES = 50
CLAUSE = re.compile(r"(?=[;:] )")
NAMES_WIDTH = 22
DEFAULT = re.compile(r"\(default: (?:the setting )?(\w+)\)")
USAGE = "usage: queuectl [OPTIONS] COMMAND ..."
FIRST_STEPS = """first steps:
  queuectl add 'echo Hello'      add a job
  queuectl worker start          run jobs in the background
  queuectl list                  see what became of them
  queuectl logs last             see what the last one printed"""
EXIT_CODES = {
    "0": "done",
    "1": "failed, or not everything could be done; wait: one of several jobs did not complete; "
    "worker start --no-detach --drain: a job died",
    "2": "wrong usage or invalid input; nothing was changed",
    "3": "no such job, template or schedule; wait: a filter finds no jobs",
    "4": "a conflict: the job is in another state, the id exists, something runs already",
    "5": "the store cannot be used: busy, disk full, read-only, damaged, of a newer version",
    "6": "workers, the scheduler or the dashboard are not running, or did not start",
    "70": "a bug in QueueCTL",
    "124": "wait --timeout passed",
    "130": "interrupted with Ctrl-C",
    "141": "nobody reads the output",
}
CODES_OF_A_JOB = """For one job, wait and add --wait return the exit code of the job. It is 128 + N if signal N
ended the job, and 1 if there is none: after a timeout or a cancellation, or if the job never ran."""
# Help that applies to every command, by the words that `help` takes.
GLOBAL, CODES = TOPICS = ("global", "exit-codes")
INDEX, SCRIPTS = "docs/index.md", "docs/scripts.md"
SEE = "see also: {}\n          queuectl help global, queuectl help exit-codes"


@command("man", examples=("man", "man > queuectl.1"))
def man(context: Context) -> Result:
    """Show the manual page; in a pipe or file it is roff."""
    return Result(text=[manual_page()], roff=True)


def manual_page() -> str:
    """Return the manual page."""
    return "\n".join(line for line in _lines() if line) + "\n"


def _lines() -> Iterator[str]:
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
    yield from _section("EXIT STATUS", _paragraphs(CODES_OF_A_JOB))
    yield from _terms((_bold(code), meaning) for code, meaning in EXIT_CODES.items())
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


def overview() -> str:
    """Return the list of all commands by group."""
    groups: dict[str, list[Command]] = {}
    for found in COMMANDS.values():
        groups.setdefault(found.group, []).append(found)
    parts = [USAGE, "Background jobs for shell commands, on bare Python.", FIRST_STEPS]
    parts += [f"{group.lower()}:\n" + "\n".join(map(_line, commands)) for group, commands in groups.items()]
    return _page([*parts, f"more about a command: queuectl help COMMAND\n{SEE.format(INDEX)}"])


def global_page() -> str:
    """Return the options that every command takes."""
    lines = [_entry(spelled(arg), 20, arg.help) for arg in GLOBALS]
    heading = "options of every command, before or after its name:"
    return _page([USAGE, "\n".join([heading, *lines]), f"see also: {SCRIPTS}"])


def exit_codes_page() -> str:
    """Return what the exit codes mean."""
    lines = [_entry(code, 4, meaning) for code, meaning in EXIT_CODES.items()]
    return _page(["\n".join(["exit codes:", *lines]), _filled(CODES_OF_A_JOB), f"see also: {SCRIPTS}"])


def group_page(word: str) -> str:
    """Return the commands that begin with a word such as `dlq`."""
    more = f"more about one of them: queuectl help {word} COMMAND\nsee also: {commands_of(word)[0].page}"
    return _page([f"usage: queuectl {word} COMMAND ...", "\n".join(map(_line, commands_of(word))), more])


def command_page(command: Command, *, whole: bool = False) -> str:
    """Return the help of a command, shortened to a screen unless it is to be `whole`."""
    paragraphs = [command.help, *filter(None, command.description.split("\n\n"))]
    groups = _by_group(command.args)
    page = _command_page(command, paragraphs, [_listed(heading, args) for heading, args in groups.items()])
    if whole or page.count("\n") <= SCREEN_LINES:
        return page
    main = _listed("options", groups.pop("options"), _most_of)
    others = [f"{heading}: {', '.join(map(_longest_name, args))}" for heading, args in groups.items()]
    more = "\n".join(textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False) for text in others)
    in_full = f"every option in full: queuectl help {command.path} --all"
    return _command_page(command, paragraphs[:2], [main, more, in_full])


def _command_page(command: Command, paragraphs: Sequence[str], parts: Sequence[str]) -> str:
    examples = "\n".join(["examples:", *(f"  queuectl {example}" for example in command.examples)])
    usage = f"usage: queuectl {command.path}{usage_of(command)}"
    return _page([usage, *map(_filled, paragraphs), *parts, examples, SEE.format(command.page)])


def _listed(heading: str, args: Sequence[Arg], part: Callable[[str], str] = str) -> str:
    return "\n".join([f"{heading}:", *(_entry(spelled(arg), NAMES_WIDTH, part(help_of(arg))) for arg in args)])


def _most_of(text: str) -> str:
    """Return the clauses of a help text that fit on a line, at least the first one, and the default."""
    text, _, default = text.partition(" (default: ")
    value = default.rstrip(")").partition(", the setting")[0]
    end = f" (default: {value})" if value not in ("", "none") else ""
    clauses = CLAUSE.split(text)
    while len(clauses) > 1 and len("".join(clauses) + end) > WIDTH - NAMES_WIDTH - 3:
        clauses.pop()
    return "".join(clauses) + end


def _longest_name(arg: Arg) -> str:
    return max(arg.names, key=len) if arg.is_option else arg.metavar


def usage_of(command: Command, mark: Callable[[str], str] = str) -> str:
    """Return what may follow a command; `mark` returns each word that stands for others as it is to be shown."""
    words = [""]
    if any(arg.is_option and not arg.hidden for arg in command.args):
        words.append(f"[{mark('OPTIONS')}]")
    for arg in command.args:
        name = mark(arg.metavar)
        if arg.rest or arg.inputs:
            words.append(f"[-- {name} ...]" if arg.rest else f"[::: {name} ...] ...")
        elif not arg.is_option:
            words.append(f"[{name} ...]" if arg.many else f"[{name}]" if arg.optional else name)
    return " ".join(words)


def help_of(arg: Arg) -> str:
    """Return the help of an argument; where it names a setting as its default, with the default of that."""
    return DEFAULT.sub(_with_default, arg.help)


def _with_default(match: re.Match[str]) -> str:
    named = (found for found in SETTINGS if found.name == match[1])
    return next((f"(default: {found.show(found.default)}, the setting {match[1]})" for found in named), match[0])


def _filled(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH, break_on_hyphens=False)


def _page(parts: Sequence[str]) -> str:
    return "\n\n".join(parts) + "\n"


def _by_group(args: Sequence[Arg]) -> dict[str, list[Arg]]:
    found: dict[str, list[Arg]] = {"arguments": [], "options": []}
    for arg in args:
        if not arg.hidden and (arg.is_option or arg.is_positional):
            found.setdefault(arg.group if arg.is_option else "arguments", []).append(arg)
    return {heading: shown for heading, shown in found.items() if shown}


def spelled(arg: Arg, name: Callable[[str], str] = str, value: Callable[[str], str] = str) -> str:
    """Return how an argument is spelled: `-s, --state STATE`. `name` and `value` mark the names and the value."""
    shown = value(arg.metavar)
    if not arg.is_option:
        return shown
    names = ", ".join(map(name, sorted(arg.names, key=len)))
    if arg.flag:
        return names
    return f"{names} {shown}" if arg.implied is None else f"{names}[={shown}]"


def _line(command: Command) -> str:
    names = ", ".join((command.path, *(alias for alias in command.aliases if " " not in alias)))
    return _entry(names, 18, command.help)


def _entry(names: str, width: int, text: str) -> str:
    """Return two columns, folded so that a terminal of 80 columns does not break the lines."""
    margin = " " * (width + 3)
    lines = textwrap.wrap(text, WIDTH, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False)
    if len(names) > width:
        return "\n".join([f"  {names}", *lines])
    return "\n".join([f"  {names:<{width}} {lines[0].lstrip()}", *lines[1:]])
