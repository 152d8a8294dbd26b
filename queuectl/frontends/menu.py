"""The numbered menu: everything a beginner needs, each entry ending in the command that does the same.

    1 add a job   2 live status   3 list   4 start workers   5 stop workers   6 worker management
    7 dead letter queue   8 configuration   9 schedule a job   10 scheduler   11 web dashboard   12 demo jobs
    13 shell   14 queues, batches and locks   0 exit

A number never changes its meaning: it is the place of an entry.
Forms are made from the declarations of the commands (`forms.fill`) and run through the same dispatch as
any command line. Answers may be piped in; the end of the input leaves the menu.
"""

from __future__ import annotations

from ..commands.grammar.registry import load
from ..engine.queue import Queue
from ..model.errors import NotFound, QueueCTLError, quoted
from ..model.quantity import counted
from ..model.shellwords import shell_line
from .dispatch import BROKEN_PIPE
from .forms import Asker, Back, EndOfInput, Interrupted, fill
from .text import wrapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Sequence

    from .dispatch import Session

    Action = Callable[["Menu"], object]
    Choice = tuple[str, Action]
    Entries = Callable[["Menu"], Sequence[Choice]]

GOODBYE = "Goodbye."
EXIT = "exit"
EXIT_WORDS = (EXIT, "quit")
HELP_WORDS = ("help", "h", "?")
HELP = "Type a number, or the beginning of a name. 0 or b leads back, exit leaves. All commands: queuectl help"


def run_menu(session: Session, entries: Entries) -> int:
    """Show the menu of these entries until it is left; return the exit code."""
    with Queue(session.defaults["home"], actor="menu") as queue:
        menu = Menu(session, queue)
        asker = menu.asker
        asker.write(asker.terminal.banner(queue.home.path, "Choose by number or name; b leads back."))
        try:
            menu.choose_until_left(entries)
        except Left as left:
            if left.code:
                return left.code
        except KeyboardInterrupt:
            pass  # The second one, in between.
        asker.show(GOODBYE)
        return 0


class Left(Exception):
    """The menu was left, or nobody reads what it prints."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Menu:
    """The menu's state: how to ask, how to run a command, and the queue for the facts in its entries."""

    def __init__(self, session: Session, queue: Queue) -> None:
        self.session = session
        self.queue = queue
        self.asker = Asker(session.terminal())
        self._unread = 0  # rows of answers since the last menu

    def choose_until_left(self, entries: Entries) -> None:
        """Let the user choose until they go back, or press Ctrl-C twice in a row."""
        interrupts = 0
        while interrupts < 2:
            try:
                if interrupts:
                    self.asker.show("(Ctrl-C once more leaves)")
                self._choose_once(self._head(), entries, EXIT)
                interrupts = 0
            except (Interrupted, KeyboardInterrupt):
                interrupts += 1
            except Back:
                return

    def _head(self) -> str:
        """Return how many jobs are in each state, how many workers run, what is paused, and the pressing alerts."""
        counts = [f"{count} {state}" for state, count in self.queue.counts().items() if count]
        workers = sum(self.queue.workers.groups().values())
        paused = sum(schedule.paused for schedule in self.queue.schedules.all())
        facts = [", ".join(counts) or "no jobs", counted(workers, "worker") if workers else "no workers"]
        facts += [f"{counted(paused, 'schedule')} paused"] * (paused > 0)
        status = self.queue.reports.status()
        pauses = filter(None, map(status.paused_lane, sorted(status.lanes)))
        facts += [f"{lane.subject} is {lane.pause_text(status.now)}" for lane in pauses]
        terminal = self.asker.terminal
        alerts = [terminal.safe(f"  {alert.level}: {alert}") for alert in status.alerts if alert.is_pressing]
        return "\n".join(["QueueCTL", f"  {'; '.join(facts)}", *map(terminal.as_called, alerts)])

    def submenu(self, title: str, entries: Entries) -> None:
        """Show a menu repeatedly until the user goes back, or its subject is gone."""
        while True:
            try:
                self._choose_once(title, entries, "back")
            except EndOfInput:
                raise
            except (Back, NotFound):
                return

    def _choose_once(self, title: str, entries: Entries, zero: str) -> None:
        """Show the entries, take one choice and do it. Raises Back for 0."""
        choices = entries(self)
        labels = [f" {place:>2}) {label}" for place, (label, _) in enumerate(choices, 1)]
        text = "\n".join(["", title, *labels, f"  0) {zero.capitalize()}"])
        self.offer(wrapped(text, self.asker.terminal.columns - 1))
        answer = self.asker.read("Choice: ")
        if not answer:
            return
        word = answer.lower()
        found = pick(answer, choices)
        if word == "b" and zero == EXIT:
            self.asker.show("This is the main menu; 0 or exit leaves it.")
        elif word in EXIT_WORDS:
            raise Left(0)
        elif word in ("0", "b", "q", zero):
            raise Back
        elif word in HELP_WORDS:
            self.asker.show(self.asker.terminal.as_called(HELP))
        elif found is None:
            self.asker.show(f"There is no choice {quoted(answer)}.")
        else:
            try:
                found[1](self)
            except EndOfInput:
                raise
            except Back:
                return
            except QueueCTLError as error:
                self.session.fail(error)

    def fill(
        self,
        path: str,
        *names: str,
        more: Sequence[str] = (),
        fixed: Sequence[str] = (),
        defaults: Mapping[str, str | None] | None = None,
        title: str = "",
    ) -> list[str]:
        """Ask for arguments of a command, and `more` if wanted, below a `title`; return its words. Raises Back."""
        command = load()[path]
        self.asker.show(f"\n{title or command.help}  (b leads back)")
        settings = {setting.name: setting.value for setting in self.queue.config.rows()}
        known = {arg.key: settings[arg.setting] for arg in command.args if arg.setting}
        return fill(command, names, self.asker, more=more, fixed=fixed, defaults={**known, **(defaults or {})})

    def execute(self, words: Sequence[str], *, quietly_yes: bool = False) -> int:
        """Show the one-shot command, run it, return its exit code. With `quietly_yes` the menu has asked already."""
        # In one piece, to be copied.
        terminal = self.asker.terminal
        same = terminal.safe(f"same as: {shell_line(['queuectl', *words])}", multiline=True) + "\n"
        self.asker.write(terminal.paint(terminal.as_called(same), "dim"))
        code = self.session.execute([*words, *["--yes"] * quietly_yes])
        if code == BROKEN_PIPE:
            raise Left(code)
        self._unread += terminal.out.rows_of(same) + self.session.rows_shown
        return code

    def offer(self, rows: Sequence[str]) -> None:
        """Show what can be chosen; where that would push an unread answer off the screen, wait for Enter first."""
        terminal = self.asker.terminal
        if self._unread and terminal.is_interactive and self._unread + len(rows) >= terminal.out.rows:
            self.asker.read("Enter to continue: ")
        self._unread = 0
        self.asker.write("\n".join(rows) + "\n")


def pick(answer: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice of this number, or whose name alone begins with the answer."""
    numbered = {str(place): choice for place, choice in enumerate(choices, 1)}
    if answer in numbered:
        return numbered[answer]
    found = [choice for choice in choices if choice[0].lower().startswith(answer.lower())]
    return found[0] if len(found) == 1 and not answer.isdigit() else None
