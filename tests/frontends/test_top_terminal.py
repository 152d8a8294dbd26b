"""`queuectl top` in a real terminal: it fits, is harmless, and leaves it as it was however it ends."""

from __future__ import annotations

import signal
from functools import partial

import pytest

from queuectl.engine.queue import Queue
from queuectl.model.piece import STDOUT, Piece
from tests.frontends import typed
from tests.frontends.typed import Open
from tests.store.building import bring_to, claim, enqueue, number_of, spec, state_of
from tests.support import cli_command, run_cli
from tests.terminals import PtySession


@pytest.fixture
def start(terminal: Open) -> Open:
    """Starts `queuectl top` in a terminal and waits until it shows its keys."""
    return partial(terminal, "top", shows="q quit")


def assert_restored(session: PtySession) -> None:
    typed.assert_restored(session)
    assert session.emulator.overflows == 0 and session.screen() == [""] * session.emulator.rows


@pytest.mark.parametrize("key", ["q", "\x03"])
def test_a_key_ends_it_with_0_and_the_terminal_is_as_before(start: Open, key: str) -> None:
    session = start()
    session.leave(key)
    assert_restored(session)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_code_and_the_terminal_is_as_before(start: Open, number: int) -> None:
    session = start()
    session.signal(number)
    assert session.wait() == 128 + number
    assert_restored(session)


def test_a_shell_can_stop_and_continue_it(home: str, start: Open) -> None:
    script = 'set -m; "$@"; echo "stopped"; read line; fg >/dev/null; echo "code $?"'
    session = start(argv=["/bin/sh", "-c", script, "sh", *cli_command(home, "top")])
    session.ask("\x1a", "stopped")
    typed.assert_restored(session)
    session.ask("\n", "q quit")
    session.ask("q", "code 0")
    assert session.wait() == 0
    typed.assert_restored(session)


def test_it_follows_the_size_of_the_window(home: str, start: Open) -> None:
    for name in ("日本語" * 30, "x" * 300):
        assert run_cli(home, "add", f"echo {name}").returncode == 0
    session = start("--interval", "0.1")
    for columns, rows in ((40, 10), (120, 40), (20, 5), (80, 24)):
        session.resize(columns, rows)
        session.ask("?", "q back")
        # From here on all is drawn for this size: whatever does not fit counts.
        session.emulator.overflows = 0
        session.ask("q", "> job-1")
        session.until(lambda rows=rows: session.screen()[rows - 1].startswith("q quit"))  # type: ignore[misc]
        session.ask("?", "q back")
        session.ask("q", "> job-1")
        assert session.emulator.overflows == 0, session.screen()
    session.leave("q")
    assert_restored(session)


def test_a_terminal_without_a_size_is_taken_for_80_by_24(start: Open) -> None:
    session = start(columns=0, rows=0)
    assert session.screen()[23].startswith("q quit") and session.screen()[23].endswith("? help")
    session.leave("q")


def test_keys_change_jobs_and_what_others_change_is_shown(home: str, start: Open) -> None:
    with Queue(home) as queue:
        bring_to(queue.store, "dead", id="broken")
        session = start("--interval", "0.1")
        session.ask("r", "broken queued again")
        assert state_of(queue.store, number_of(queue.store, "broken")) == "pending"
        assert run_cli(home, "add", "--id", "another", "true").returncode == 0
        session.expect("another")
        session.ask("\x1b[B\x1b[Bc", "cancel another (pending)? [y/N]")
        session.ask("y", "another cancelled")
        assert state_of(queue.store, number_of(queue.store, "another")) == "cancelled"
        session.leave("q")


def test_what_would_change_the_terminal_is_shown_harmless(home: str, start: Open) -> None:
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
    session.ask("\r", "\\x1b[2J\\x1b]0;title\\x07\\x9b7m\\u202elast")
    session.expect("first")
    assert session.emulator.unknown == []
    session.leave("qq")
    assert_restored(session)


def test_a_terminal_of_an_ascii_locale_is_sent_ascii_only(home: str, start: Open) -> None:
    assert run_cli(home, "add", "echo 日本 … " + "x" * 200).returncode == 0
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    session = start(env=env)
    session.expect("echo \\u65e5\\u672c")
    assert "".join(session.screen()).isascii()
    session.leave("q")
    assert session.transcript.isascii()


def test_no_color_is_written_where_none_is_wanted(home: str, start: Open) -> None:
    assert run_cli(home, "add", "true").returncode == 0
    session = start(env={"NO_COLOR": "1"})
    session.expect("> job-1")
    styles = {session.emulator.style_at(row, column) for row in range(24) for column in range(80)}
    assert styles == {"", "7"}
    session.leave("q")
