"""`queuectl top` in a real terminal: it fits, is harmless, and leaves it as it was however it ends."""

from __future__ import annotations

import signal
from typing import Callable, Iterator

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.piece import STDOUT, Piece
from tests.store.building import bring_to, claim, enqueue, number_of, spec, state_of
from tests.support import Processes, cli_command, cli_environment, run_cli
from tests.terminals import PtySession

Start = Callable[..., PtySession]


@pytest.fixture
def start(home: str, processes: Processes) -> Iterator[Start]:
    """Starts `queuectl top` in a terminal and waits until it shows its keys."""
    opened: list[PtySession] = []

    def started(*words: str, env: dict[str, str] | None = None, **options: int) -> PtySession:
        session = PtySession(
            processes,
            cli_command(home, "top", *words),
            env={**cli_environment(home), "TERM": "xterm", **(env or {})},
            **options,
        )
        opened.append(session)
        session.expect("q quit")
        return session

    yield started
    for session in opened:
        session.close()


def assert_restored(session: PtySession) -> None:
    emulator = session.emulator
    assert session.attributes() == session.before
    assert emulator.on_main and emulator.cursor_shown and emulator.wraps and not emulator.synchronized
    assert emulator.unknown == [] and emulator.overflows == 0
    assert session.screen() == [""] * emulator.rows


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_a_key_ends_it_with_0_and_the_terminal_is_as_before(start: Start, key: str) -> None:
    session = start()
    session.send(key)
    assert session.wait() == 0
    assert_restored(session)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_code_and_the_terminal_is_as_before(start: Start, number: int) -> None:
    session = start()
    session.signal(number)
    assert session.wait() == 128 + number
    assert_restored(session)


def test_a_terminal_that_goes_away_ends_it(start: Start) -> None:
    session = start()
    session.hang_up()
    assert session.wait() == 128 + signal.SIGHUP


def test_a_shell_can_stop_it_and_let_it_go_on(home: str, processes: Processes) -> None:
    script = 'set -m; "$@"; echo "stopped"; read line; fg >/dev/null; echo "code $?"'
    words = ["/bin/sh", "-c", script, "sh", *cli_command(home, "top")]
    with PtySession(processes, words, env=cli_environment(home)) as session:
        session.expect("q quit")
        session.send("\x1a")
        session.expect("stopped")
        assert session.attributes() == session.before
        assert session.emulator.on_main and session.emulator.cursor_shown
        session.send("\n")
        session.expect("q quit")
        session.send("q")
        session.expect("code 0")
        assert session.wait() == 0
        assert session.attributes() == session.before


def test_it_follows_the_size_of_the_window(home: str, start: Start) -> None:
    for name in ("日本語" * 30, "x" * 300):
        assert run_cli(home, "add", f"echo {name}").returncode == 0
    session = start("--interval", "0.1")
    for columns, rows in ((40, 10), (120, 40), (20, 5), (80, 24)):
        session.resize(columns, rows)
        session.send("?")
        session.expect("q back")
        # From here on all is drawn for this size: whatever does not fit counts.
        session.emulator.overflows = 0
        session.send("q")
        session.expect("> job-1")
        session.until(lambda rows=rows: session.screen()[rows - 1].startswith("q quit"))  # type: ignore[misc]
        session.send("?")
        session.expect("q back")
        session.send("q")
        session.expect("> job-1")
        assert session.emulator.overflows == 0, session.screen()
    session.send("q")
    assert session.wait() == 0
    assert_restored(session)


def test_a_terminal_without_a_size_is_taken_for_80_by_24(start: Start) -> None:
    session = start(columns=0, rows=0)
    assert session.screen()[23].startswith("q quit") and session.screen()[23].endswith("? help")
    session.send("q")
    assert session.wait() == 0


def test_keys_change_jobs_and_what_others_change_is_shown(home: str, start: Start) -> None:
    with Queue(home) as queue:
        bring_to(queue.store, "dead", id="broken")
        session = start("--interval", "0.1")
        session.send("r")
        session.expect("broken queued again")
        assert state_of(queue.store, number_of(queue.store, "broken")) == "pending"
        assert run_cli(home, "add", "--id", "another", "true").returncode == 0
        session.expect("another")
        session.send("\x1b[B\x1b[Bc")
        session.expect("cancel another (pending)? [y/N]")
        session.send("y")
        session.expect("another cancelled")
        assert state_of(queue.store, number_of(queue.store, "another")) == "cancelled"
        session.send("q")
        assert session.wait() == 0


def test_what_would_change_the_terminal_is_shown_harmless(home: str, start: Start) -> None:
    evil = "\x1b[2J\x1b]0;title\x07\x9b7m\u202e"
    with Queue(home) as queue:
        enqueue(queue.store, spec(f"echo '{evil}'"))
        claimed = claim(queue.store)
        with queue.store.writing():
            queue.store.output.append(
                claimed.attempt_id, [Piece(0, STDOUT, f"first\n{evil}last".encode())], head_end=0, tail_start=0
            )
    session = start(columns=120)
    session.expect("echo '\\x1b[2J\\x1b]0;title\\x07\\x9b7m\\u202e'")
    session.send("\r")
    session.expect("\\x1b[2J\\x1b]0;title\\x07\\x9b7m\\u202elast")
    session.expect("first")
    assert session.emulator.unknown == []
    session.send("qq")
    assert session.wait() == 0
    assert_restored(session)


def test_a_terminal_of_an_ascii_locale_is_sent_ascii_only(home: str, start: Start) -> None:
    assert run_cli(home, "add", "echo 日本 … " + "x" * 200).returncode == 0
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    session = start(env=env)
    session.expect("echo \\u65e5\\u672c")
    assert "".join(session.screen()).isascii()
    session.send("q")
    assert session.wait() == 0
    assert session.transcript.isascii()


def test_no_color_is_written_where_none_is_wanted(home: str, start: Start) -> None:
    assert run_cli(home, "add", "true").returncode == 0
    session = start(env={"NO_COLOR": "1"})
    session.expect("> job-1")
    styles = {session.emulator.style_at(row, column) for row in range(24) for column in range(80)}
    assert styles == {"", "7"}
    session.send("q")
    assert session.wait() == 0


def test_a_pipe_is_refused_with_code_2(home: str) -> None:
    done = run_cli(home, "top")
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr and "hint: queuectl status --watch" in done.stderr
