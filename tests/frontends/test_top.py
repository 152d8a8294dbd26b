"""What the keys of `queuectl top` do. How it treats a terminal: see test_top_terminal."""

from __future__ import annotations

import io
import re
from typing import Any, Callable, Iterator

import pytest

from queuectl.commands.context import Context
from queuectl.engine.queue import Queue
from queuectl.frontends.terminal import Screen, Terminal
from queuectl.frontends.top import MOVES, PAGES, Top, run_top
from queuectl.frontends.top_view import VERB_KEYS
from queuectl.model.errors import InvalidInput, StoreBusy
from queuectl.model.piece import STDOUT, Piece
from queuectl.store.lockfile import LockFile
from tests.store.building import NOW, bring_to, claim, enqueue, spec, state_of, write
from tests.support import FakeClock

SGR = re.compile("\x1b\\[[0-9;]*m")
SIZE = (100, 30)


class View:
    """A `Top` without a terminal, and a store beside it that it does not notice as its own."""

    def __init__(self, home: str) -> None:
        self.clock = FakeClock(NOW)
        # Nothing here asks the front end for anything.
        self.context = Context(None, home=home, actor="test", clock=self.clock)  # type: ignore[arg-type]
        self.other = Queue(home, clock=self.clock)
        self.top = Top(self.context, Screen(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), {}))
        self.size = SIZE

    def add(self, count: int, **fields: Any) -> None:
        enqueue(self.other.store, *[spec(**fields) for _ in range(count)])

    def press(self, *keys: str) -> list[str]:
        """Press keys one after the other, each with the picture drawn after it; return the last one."""
        for key in keys or ("",):
            self.top.step(key)
            self.top.lines(*self.size)
        return self.lines()

    def type(self, text: str) -> list[str]:
        return self.press(*text)

    def lines(self) -> list[str]:
        return [SGR.sub("", line).rstrip() for line in self.top.lines(*self.size)]

    @property
    def selected(self) -> str:
        rows = [line.split()[1] for line in self.lines() if line.startswith("> ")]
        assert len(rows) == 1, self.lines()
        return rows[0]

    @property
    def said(self) -> str:
        return self.lines()[-2]


@pytest.fixture
def view(home: str) -> Iterator[View]:
    made = View(home)
    made.other.home.prepare()
    worker = LockFile(made.other.home.worker_lock(1))
    assert worker.acquire()  # It lives as long as it holds that.
    yield made
    worker.close()
    made.context.close()
    made.other.close()


# --- moving


def test_keys_move_through_the_jobs_and_stop_at_both_ends(view: View) -> None:
    view.add(3)
    view.press()
    assert view.selected == "job-1"
    keys = ["j", "down", "j", "j", "k", "up", "up", "G", "g", "end", "home", "pagedown", "pageup", "x"]
    for key, selected in zip(keys, [2, 3, 3, 3, 2, 1, 1, 3, 1, 3, 1, 3, 1, 1]):
        view.press(key)
        assert view.selected == f"job-{selected}", key


def test_the_table_scrolls_so_that_the_selected_job_is_in_sight(view: View) -> None:
    view.add(100)
    view.press()
    for key in ["pagedown"] * 3 + ["j"] * 30 + ["G"] + ["k"] * 50 + ["pageup", "g"]:
        view.press(key)
        assert view.selected
    assert view.selected == "job-1"
    view.size = (40, 6)
    view.press("G")
    assert view.selected == "job-100"


def test_the_selection_follows_its_job_and_not_its_row(view: View) -> None:
    view.add(3)
    view.press("", "j")
    assert view.selected == "job-2"
    enqueue(view.other.store, spec(priority=9), spec(priority=9))
    view.press()
    assert view.selected == "job-2"
    write(view.other.store, view.other.store.jobs.cancel, 2, NOW)
    view.press()
    assert view.selected == "job-2"
    view.other.remove(2)
    view.press()
    assert view.selected == "job-3"


def test_time_passes_even_if_nothing_is_committed(view: View) -> None:
    bring_to(view.other.store, "processing")
    view.press()
    view.clock.advance(65_000)
    assert any("1m 5s" in line for line in view.press())


# --- retry, cancel


def test_no_verb_has_a_key_that_does_something_else(view: View) -> None:
    own = {"ctrl-c", *view.top.actions, *MOVES, *PAGES}
    taken = {key: verb.name for key, verb in VERB_KEYS.items() if key in own}
    assert not taken, f"top uses these keys itself; give their verbs others in model/verbs.py: {taken}"


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("dead", "pending", "a-job queued again"),
        ("processing", "processing", 'cannot retry job "a-job": it is processing'),
    ],
)
def test_a_job_is_retried_at_once(view: View, before: str, after: str, said: str) -> None:
    number = bring_to(view.other.store, before, id="a-job")
    view.press("", "r")
    assert view.said == said
    assert state_of(view.other.store, number) == after
    assert any(line.startswith("> a-job") and after in line for line in view.lines())


@pytest.mark.parametrize(
    "before, after, said",
    [
        ("pending", "cancelled", "a-job cancelled"),
        ("dead", "dead", 'cannot cancel job "a-job": it is dead'),
    ],
)
def test_a_job_is_cancelled_once_confirmed(view: View, before: str, after: str, said: str) -> None:
    number = bring_to(view.other.store, before, id="a-job")
    view.press("", "c")
    assert view.said == f"cancel a-job ({before})? [y/N]"
    assert state_of(view.other.store, number) == before
    view.press("", "y")
    assert view.said == said
    assert state_of(view.other.store, number) == after
    assert any(line.startswith("> a-job") and after in line for line in view.lines())


@pytest.mark.parametrize("key", ["n", "enter", "escape", "q", "j"])
def test_any_key_but_y_changes_nothing(view: View, key: str) -> None:
    view.add(2)
    view.press("", "c", "resized", key)
    assert view.said == "nothing was changed"
    assert state_of(view.other.store, 1) == "pending" and not view.top.done


def test_the_job_that_was_asked_about_is_meant_even_if_another_is_selected_now(view: View) -> None:
    view.add(2)
    view.press("", "c")
    view.other.cancel(1)
    view.other.remove(1)
    view.press("", "y")
    assert "1" in view.said and "no job" in view.said
    assert state_of(view.other.store, 2) == "pending"


def test_without_a_job_there_is_nothing_to_act_on(view: View) -> None:
    for key in ("r", "c", "enter"):
        view.press("", key)
        assert view.said == "no job is selected"
    view.press("j", "G", "pagedown", "g")


# --- pause, sort, filter


def test_p_freezes_the_picture_until_p_is_pressed_again(view: View) -> None:
    view.add(1)
    view.press("", "p")
    view.clock.advance(5_000)
    view.add(1)
    frozen = view.press("")
    assert "FROZEN" in frozen[0] and not any("job-2" in line for line in frozen)
    going = view.press("p")
    assert "FROZEN" not in going[0] and any("job-2" in line for line in going)


def test_s_goes_through_the_orders(view: View) -> None:
    view.add(1)
    view.add(1, priority=9)
    view.add(1, priority=5)
    orders = []
    view.press("")
    for _ in range(4):
        view.press("s")
        orders.append((view.said, re.findall(r"^[> ] (job-\d)", "\n".join(view.lines()), re.MULTILINE)))
    assert orders[0] == ("sorted: newest", ["job-3", "job-2", "job-1"])
    assert orders[1][0] == "sorted: duration"
    assert orders[2] == ("sorted: priority", ["job-2", "job-3", "job-1"])
    assert orders[3][0] == "sorted: default"


def test_a_filter_is_typed_corrected_used_and_cleared(view: View) -> None:
    view.add(1, id="alpha")
    view.add(1, id="beta", command="run alpha")
    view.add(1, id="gamma")
    view.press("", "/")
    view.type("alphX")
    assert view.said == "/alphX"
    view.press("backspace", "a", "up", "resized", "enter")
    assert any("filter: alpha" in line for line in view.lines())
    assert "gamma" not in "\n".join(view.lines())
    view.press("escape")
    assert "gamma" in "\n".join(view.lines())
    view.press("/")
    view.type("q")
    view.press("ctrl-u", "b", "escape")
    assert "gamma" in "\n".join(view.lines()) and not view.top.done


def test_a_filter_may_stand_on_the_command_line(view: View) -> None:
    view.add(1, id="alpha", queue="mail")
    view.add(1, id="beta", queue="web")
    view.top = Top(view.context, Screen(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), {}), "!queue:web")
    view.press()
    assert view.selected == "alpha" and "beta" not in "\n".join(view.lines())
    assert any("filter: !queue:web" in line for line in view.lines())
    view.press("escape")
    assert "beta" in "\n".join(view.lines())


def test_a_filter_by_state_selects_what_it_shows(view: View) -> None:
    bring_to(view.other.store, "dead", id="gone")
    view.add(1, id="waits")
    view.press("", "/")
    view.type("state:dead")
    view.press("enter")
    assert view.selected == "gone"


@pytest.mark.parametrize(
    "text, said",
    [
        ("state:deed", 'there is no state "deed" (did you mean "dead"?)'),
        ("stat:dead", 'there is no filter "stat" (did you mean "state"?)'),
        ("-state:dead", "a minus does not negate a term, write '!state:dead'"),
    ],
)
def test_a_wrong_filter_is_reported_and_the_old_one_stays(view: View, text: str, said: str) -> None:
    view.add(1)
    view.press("", "/")
    view.type(text)
    view.press("enter")
    assert view.said.startswith(said)
    assert view.selected == "job-1"


# --- pages


def running(view: View, *lines: str) -> tuple[int, Callable[[str], None]]:
    """Start a job that printed some lines; return its number and what prints more."""
    view.add(1, command="work")
    claimed = claim(view.other.store)
    position = 0

    def say(text: str) -> None:
        nonlocal position
        with view.other.store.writing():
            view.other.store.output.append(
                claimed.attempt_id, [Piece(position, STDOUT, text.encode())], head_end=0, tail_start=0
            )
        position += len(text)

    for line in lines:
        say(line)
    return claimed.number, say


def test_enter_opens_the_output_and_follows_it(view: View) -> None:
    _, say = running(view, *[f"line {number}\n" for number in range(100)])
    lines = view.press("", "enter")
    assert lines[0].startswith("job-1  processing  attempt 1") and lines[-2] == "line 99"
    say("line 100\n")
    assert view.press("")[-2] == "line 100"
    lines = view.press("k", "k")
    say("line 101\n")
    assert view.press("") == lines and lines[-2] == "line 98"
    assert view.press("G")[-2] == "line 101"
    say("line 102\n")
    assert view.press("")[-2] == "line 102"
    assert view.press("g")[1] == "line 0"
    assert view.press("pagedown")[1] == "line 28"
    for key in ("q", "escape"):
        view.press(key)
        assert view.selected == "job-1" and not view.top.done
        view.press("enter")


def test_a_huge_output_is_shown_from_its_end(view: View) -> None:
    running(view, "x" * 60_000, "y" * 60_000, "\nend\n")
    lines = view.press("", "enter")
    assert lines[-2] == "end" and "54469 bytes before are not shown" in lines[0]


def test_the_output_of_a_removed_job_says_so_and_the_view_continues(view: View) -> None:
    view.add(2)
    view.press("", "enter")
    assert "(it has not run yet, it is pending)" in view.lines()
    view.other.remove(1)
    assert "(the job was removed)" in view.press("")
    view.press("q")
    assert view.selected == "job-2"


def test_help_is_shown_scrolled_and_left_by_any_key(view: View) -> None:
    view.size = (80, 8)
    top = view.press("", "?")
    assert view.press("j") != top and view.press("resized", "g") == top
    assert "Ctrl-C" in "\n".join(view.press("G", "k") + view.press("g", "pagedown"))
    view.press("x")
    assert "q quit" in view.lines()[-1] and not view.top.done


@pytest.mark.parametrize("keys", [["q"], ["ctrl-c"], ["?", "ctrl-c"], ["/", "ctrl-c"], ["c", "ctrl-c"]])
def test_q_and_ctrl_c_quit(view: View, keys: list[str]) -> None:
    view.add(1)
    view.press("", *keys)
    assert view.top.done
    assert state_of(view.other.store, 1) == "pending"


def test_a_busy_store_is_reported_and_tried_again(view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    view.add(1)
    view.press("")

    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("the store was busy for too long")

    monkeypatch.setattr(view.context.queue.store, "changes", busy)
    monkeypatch.setattr(view.context.queue.store, "writing", busy)
    monkeypatch.setattr(view.context.queue.store.attempts, "of_job", busy)
    view.press("")
    assert view.said == "the store was busy for too long; trying again" and view.selected == "job-1"
    view.press("enter", "c", "y", "")
    assert view.said.startswith("the store was busy") and not view.top.done
    monkeypatch.undo()
    view.press("")
    assert "trying again" not in "\n".join(view.lines())


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {}])
def test_without_a_terminal_it_is_refused_with_what_to_do_instead(view: View, environ: dict[str, str]) -> None:
    terminal = Terminal(io.StringIO(), io.StringIO(), stdin=io.StringIO(), environ=environ)
    with pytest.raises(InvalidInput, match="needs a terminal") as caught:
        run_top(view.context, terminal, interval=1)
    assert caught.value.hint == "queuectl status --watch"
