"""`queuectl top`: the queue on the whole screen, and keys that act on it.

`Top` is what the keys do and needs no terminal: `step` is given a key, `lines` returns the picture.
`run_top` is the loop around it. A store that cannot be used for a moment is shown and tried again.
"""

from __future__ import annotations

from collections.abc import Callable

from ..commands.context import Context
from ..engine.change import demand_done
from ..engine.lookout import SORTS, Lookout
from ..model.errors import InvalidInput, QueueCTLError, StoreUnavailable
from ..model.filterparse import parse
from ..model.verbs import Verb
from .live import Ended, FullScreen
from .terminal import Screen, Terminal
from .top_view import HELP, JOBS, OUTPUT, VERB_KEYS, Look, body_rows, page, picture

LONGEST_FILTER = 200
# Further than any page is long.
FAR = 10**9
MOVES = {"j": 1, "down": 1, "k": -1, "up": -1, "g": -FAR, "home": -FAR, "G": FAR, "end": FAR}
PAGES = {"pagedown": 1, " ": 1, "pageup": -1}


def run_top(context: Context, terminal: Terminal, *, interval: float, filter: str = "") -> int:
    """Show the live view until it is left; return its exit code. Raises FilterError, InvalidInput off a terminal."""
    _demand_terminal(terminal)
    top = Top(context, terminal.out, filter)
    # Before the screen is taken: what is wrong from the start is reported like any error.
    top.look()
    period, clock = round(interval * 1000), context.clock
    due = clock.monotonic() + period
    try:
        with FullScreen(terminal) as full_screen:
            while not top.done:
                full_screen.draw(top.lines(*full_screen.size))
                key = full_screen.read(max(0, due - clock.monotonic()) / 1000)
                if key:
                    top.step(key)
                if clock.monotonic() >= due:
                    top.step("")
                    due = clock.monotonic() + period
    except Ended as ended:
        return 128 + ended.number
    return 0


def _demand_terminal(terminal: Terminal) -> None:
    hint = "queuectl status --watch"
    is_tty = terminal.stdin is not None and terminal.stdin.isatty() and terminal.out.is_tty
    if not is_tty or terminal.out.environ.get("TERM") == "dumb":
        raise InvalidInput("top needs a terminal for its keys and its picture", hint=hint)
    try:
        import termios  # noqa: F401
    except ImportError:
        raise InvalidInput("top does not work on this system yet", hint=hint) from None


class Top:
    """The state of the view, and what each key does to it."""

    def __init__(self, context: Context, screen: Screen, filter: str = "") -> None:
        self.done = False
        self._queue = context.queue
        self._screen = screen
        self._lookout = Lookout(context.queue)
        self._look = Look(context.queue.home.path)
        self._look.filter = self._lookout.filter = filter
        self._size = (80, 24)
        self._answer: Callable[[str], None] | None = None  # what gets the keys while a question is open
        self._follows = True

    def lines(self, columns: int, rows: int) -> list[str]:
        """Return the picture for a screen of this size."""
        self._size = (columns, rows)
        self._settle()
        return picture(self._look, columns, rows, self._screen)

    def step(self, key: str) -> None:
        """Do what a key asks for; "" stands for time that has passed."""
        if key == "ctrl-c":
            self.done = True
        elif not key:
            self.refresh()
        elif self._answer is not None:
            self._answer(key)
        else:
            self._look.message = ""
            {JOBS: self._jobs_key, OUTPUT: self._output_key, HELP: self._help_key}[self._look.mode](key)

    def refresh(self) -> None:
        """Look again, unless the picture is frozen; a store that cannot be used is reported."""
        if self._look.paused:
            return
        try:
            self.look()
            self._look.trouble = ""
        except StoreUnavailable as error:
            self._look.trouble = f"{error.message}; trying again"

    def look(self) -> None:
        """Look at the queue. Raises StoreUnavailable."""
        before = self._look.selected_index
        self._look.snapshot = self._lookout.look()
        self._reselect(before)
        if self._look.mode == OUTPUT and self._follows and self._look.selected is not None:
            self._look.tail = self._queue.logs.tail(self._look.selected)

    def _reselect(self, before: int) -> None:
        """Keep the selected job; if it is not shown any more, take the one in its place."""
        jobs = self._look.snapshot.jobs
        if self._look.mode != OUTPUT and self._look.selected_job is None:
            self._look.selected = jobs[min(before, len(jobs) - 1)].number if jobs else None

    def _height(self) -> int:
        return max(1, body_rows(self._look, *self._size, self._screen))

    def _settle(self) -> None:
        """Scroll so that what matters is in sight."""
        look = self._look
        if look.mode == JOBS:
            index, height = look.selected_index, self._height()
            look.offset = min(max(look.offset, index - height + 1), index)
            end = max(0, len(look.snapshot.jobs) - height)
        else:
            end = self._page_end()
            if look.mode == OUTPUT and self._follows:
                look.offset = end
        look.offset = min(look.offset, end)

    # --- the table of jobs

    @property
    def actions(self) -> dict[str, Callable[[], None]]:
        """What keys do to the view, except for the moves. The keys of verbs are others."""
        return {
            "q": self._quit,
            "enter": self._open_output,
            "p": self._pause,
            "/": self._ask_filter,
            "escape": self._clear_filter,
            "s": self._next_sort,
            "?": self._open_help,
        }

    def _jobs_key(self, key: str) -> None:
        action, jobs = self.actions.get(key), self._look.snapshot.jobs
        if action is not None:
            action()
        elif key in VERB_KEYS:
            self._begin(VERB_KEYS[key])
        elif jobs:
            self._look.selected = jobs[self._moved(key, self._look.selected_index, len(jobs) - 1)].number

    def _moved(self, key: str, place: int, last: int) -> int:
        """Return where a key leads from a place, at most to the last one."""
        return max(0, min(last, place + MOVES.get(key, 0) + PAGES.get(key, 0) * self._height()))

    def _quit(self) -> None:
        self.done = True

    def _pause(self) -> None:
        self._look.paused = not self._look.paused
        self.refresh()

    def _next_sort(self) -> None:
        self._look.sort = self._lookout.sort = SORTS[(SORTS.index(self._look.sort) + 1) % len(SORTS)]
        self._look.message = f"sorted: {self._look.sort}"
        self._look_again()

    def _look_again(self) -> None:
        """Show at once what a key changed, also in a frozen picture."""
        paused, self._look.paused = self._look.paused, False
        self.refresh()
        self._look.paused = paused

    # --- questions in the footer

    def _begin(self, verb: Verb) -> None:
        """Apply a verb to the selected job. Ask first if it destroys: what a stray key ends is lost."""
        job = self._look.selected_job
        if job is None:
            self._look.message = "no job is selected"
            return
        number = job.number
        if not verb.destroys:
            self._apply(verb, number)
            return
        self._look.prompt = f"{verb.name} {job.id} ({job.state})? [y/N] "

        def answer(key: str) -> None:
            if key == "resized":
                return
            self._look.prompt = self._answer = None
            if key in ("y", "Y"):
                self._apply(verb, number)
            else:
                self._look.message = "nothing was changed"

        self._answer = answer

    def _apply(self, verb: Verb, number: int) -> None:
        try:
            change = self._queue.apply(verb.name, number)
            demand_done(change)
            self._look.message = f"{', '.join(change.done)} {verb.done}"
        except QueueCTLError as error:
            self._look.message = error.message
        self._lookout.forget()
        self._look_again()

    def _ask_filter(self) -> None:
        text = self._look.filter

        def answer(key: str) -> None:
            nonlocal text
            if key in ("enter", "escape"):
                self._end_filter(text if key == "enter" else "")
                return
            if key == "backspace":
                text = text[:-1]
            elif key == "ctrl-u":
                text = ""
            elif len(key) == 1 and len(text) < LONGEST_FILTER:
                text += key
            self._look.prompt = f"/{text}"

        self._look.prompt, self._answer = f"/{text}", answer

    def _end_filter(self, text: str) -> None:
        """Use the filter; a wrong one is reported and changes nothing."""
        self._look.prompt = self._answer = None
        try:
            parse(text, self._queue.clock.wall())
        except InvalidInput as error:
            self._look.message = error.message
        else:
            self._look.filter = self._lookout.filter = text.strip()
            self._look_again()

    def _clear_filter(self) -> None:
        if self._look.filter:
            self._end_filter("")

    # --- the other pages

    def _open_help(self) -> None:
        self._look.mode, self._look.offset = HELP, 0

    def _help_key(self, key: str) -> None:
        if not self._scroll(key) and key != "resized":
            self._look.mode, self._look.offset = JOBS, 0

    def _open_output(self) -> None:
        if self._look.selected is None:
            self._look.message = "no job is selected"
            return
        try:
            self._look.tail = self._queue.logs.tail(self._look.selected)
        except StoreUnavailable as error:
            self._look.message = error.message
        else:
            self._look.mode, self._follows = OUTPUT, True

    def _output_key(self, key: str) -> None:
        if key in ("q", "escape"):
            self._look.mode, self._look.offset, self._look.tail = JOBS, 0, None
            self._reselect(0)
        elif self._scroll(key):
            # At the end it follows; elsewhere it stands still under the reader's eyes.
            self._follows = self._look.offset >= self._page_end()
            if self._follows:
                self.refresh()

    def _scroll(self, key: str) -> bool:
        """Scroll the page if the key asks for that; return whether it does."""
        self._look.offset = self._moved(key, self._look.offset, self._page_end())
        return key in MOVES or key in PAGES

    def _page_end(self) -> int:
        """Return the first row of the last screen of the page."""
        return max(0, len(page(self._look, self._size[0], self._screen)) - self._height())
