"""The scripts that teach a shell to complete: they only ask `queuectl __complete`, so they never grow old."""

from __future__ import annotations

import os

from ...model.errors import Conflict, InvalidInput, QueueCTLError
from ..context import Context, Result
from ..grammar import arguments
from ..grammar.registry import Arg, command

# Where each shell looks for scripts: the XDG variable of the directory, the directory without it, and the file.
PLACES = {
    "bash": ("XDG_DATA_HOME", "~/.local/share", "bash-completion/completions/{}"),
    "zsh": ("", "~/.zfunc", "_{}"),
    "fish": ("XDG_CONFIG_HOME", "~/.config", "fish/completions/{}.fish"),
}
SHELLS = tuple(PLACES)
HOW_TO_LOAD = {
    "bash": (
        "new shells load it if bash-completion is installed; otherwise add this line to ~/.bashrc:",
        "  source '{path}'",
    ),
    "zsh": (
        "zsh looks for it after these two lines in ~/.zshrc:",
        "  fpath=({directory} $fpath)",
        "  autoload -Uz compinit && compinit",
    ),
    "fish": ("new shells load it by themselves",),
}
# Stands in each of our scripts; a file without it is somebody else's.
MARKER = "made by: queuectl completion"


@command(
    "completion",
    Arg("shell", choices=SHELLS, optional=True, metavar="SHELL", help=f"one of {', '.join(SHELLS)} (default: $SHELL)"),
    Arg("--install", flag=True, help="write the script where the shell looks for it"),
    Arg(
        "--name",
        parse=arguments.name,
        default="queuectl",
        help="the program's name, if it is called by another (default: queuectl)",
    ),
    examples=("completion bash", "completion zsh --install"),
)
def completion(context: Context, *, shell: str | None, install: bool, name: str) -> Result:
    """Print the script that lets a shell complete commands, options and job ids.

    Without --install, load it with eval "$(queuectl completion bash)" (or zsh), or with
    queuectl completion fish | source.
    """
    shell = shell or _login_shell()
    text = script(shell, name)
    if not install:
        return Result(text=[text])
    path = _path(shell, name)
    _write(path, text)
    from ...model.nouns.home import COMPLETION

    record = {"shell": shell, "path": path}
    notes = [line.format(path=path, directory=os.path.dirname(path)) for line in HOW_TO_LOAD[shell]]
    return Result(COMPLETION, record=record, message=f"Completion written: {path}", notes=notes)


def script(shell: str, name: str) -> str:
    """Return the script for a program of this name."""
    import pkgutil

    text = (pkgutil.get_data("queuectl", f"completions/queuectl.{shell}") or b"").decode()
    function = "".join(char if char.isalnum() else "_" for char in name)
    return text.replace("@NAME@", name).replace("@FUNCTION@", function)


def _path(shell: str, name: str) -> str:
    variable, usual, file = PLACES[shell]
    given = os.environ.get(variable, "")
    # By the XDG rules a relative directory is ignored.
    return os.path.join(given if os.path.isabs(given) else os.path.expanduser(usual), file.format(name))


def _login_shell() -> str:
    name = os.path.basename(os.environ.get("SHELL", ""))
    if name not in SHELLS:
        hint = "queuectl completion bash"
        raise InvalidInput(f"completion needs a shell, one of {', '.join(SHELLS)}", field="shell", hint=hint)
    return name


def _write(path: str, text: str) -> None:
    """Write a script; a file that is there is replaced only if it is one of ours. Raises Conflict."""
    try:
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                is_ours = MARKER in file.read()
            if not is_ours:
                hint = "move it away, or write the script elsewhere: queuectl completion SHELL > FILE"
                raise Conflict(f"{path} is there already and was not made by queuectl", hint=hint)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise QueueCTLError(message, hint="print it instead, without --install") from error
