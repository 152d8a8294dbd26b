"""The link that has the token: who is shown it, and where it is kept."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import webbrowser
from pathlib import Path

import pytest

from queuectl.dashboard.http import server as server_module
from queuectl.engine.queue import Queue
from queuectl.model.errors import DaemonUnavailable
from queuectl.store.home import Home
from tests.commands.calling import done, refused
from tests.dashboard.running import TOKEN, Running, ended_by, links
from tests.support import Processes, run_cli, wait_until

NOT_RUNNING = DaemonUnavailable.exit_code


def test_the_token_is_shown_to_its_user_only(running: Running) -> None:
    answer = running.detached("--token", TOKEN)
    assert running.said.endswith(f"/?token={TOKEN}\n"), answer.stderr
    home = Home(running.home)
    pid = Queue(home.path).dashboard.pid
    assert TOKEN.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert TOKEN not in Path(home.daemon_log("dashboard")).read_text(encoding="utf-8")
    for path in (*links(running.home), home.daemon_log("dashboard")):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert "A token is needed" in running.page()


def test_status_shows_the_link_with_the_token_to_the_owner_of_the_home(running: Running) -> None:
    process = running.here()
    token = running.token
    found = json.loads(run_cli(running.home, "dashboard", "status", "--json").stdout)
    assert found == {
        "running": True,
        "pid": process.pid,
        "url": f"http://127.0.0.1:{running.port}/",
        "link": f"http://127.0.0.1:{running.port}/?token={token}",
    }
    status = run_cli(running.home, "dashboard", "status")
    assert status.stdout == running.said
    assert found["link"] in status.stderr
    assert token not in Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8")
    assert ended_by(process, signal.SIGTERM) == 0
    assert links(running.home) == []


def test_the_files_with_the_link_are_private_from_the_first_instant(home: str, tmp_path: Path) -> None:
    made = Home(home)
    made.prepare()
    # What stands there may be somebody's trap: readable by others, or a way to another file.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("kept", encoding="utf-8")
    os.symlink(elsewhere, made.dashboard_url)
    Path(made.dashboard_page).touch(mode=0o644)
    with open(made.dashboard_page, encoding="utf-8") as opened_before:
        Queue(home).dashboard.write_links("http://127.0.0.1:1/", f"http://127.0.0.1:1/?token={TOKEN}")
        assert opened_before.read() == ""
    assert elsewhere.read_text(encoding="utf-8") == "kept"
    assert [stat.S_IMODE(os.lstat(path).st_mode) for path in links(home)] == [0o600, 0o600]
    assert Queue(home).dashboard.links() == ("http://127.0.0.1:1/", f"http://127.0.0.1:1/?token={TOKEN}")


def test_a_link_that_cannot_be_written_down_is_an_error(home: str) -> None:
    made = Home(home)
    made.prepare()
    os.mkdir(made.dashboard_url)
    answer = refused(home, NOT_RUNNING, "dashboard", "--port", "0")
    assert "cannot write down its link" in answer.err


def test_a_link_that_cannot_be_written_again_for_a_while_ends_no_dashboard(running: Running) -> None:
    running.detached()
    home = Home(running.home)
    pid = Queue(home.path).dashboard.pid
    shutil.rmtree(home.run)
    os.makedirs(os.path.join(home.dashboard_url, "in the way"))
    log = Path(home.daemon_log("dashboard"))
    wait_until(lambda: "cannot write down its link" in log.read_text(encoding="utf-8"))
    shutil.rmtree(home.dashboard_url)
    wait_until(lambda: Queue(home.path).dashboard.links()[0] == running.said.split()[-1])
    assert Queue(home.path).dashboard.pid == pid


def test_the_token_may_come_from_the_environment_and_is_not_handed_on(home: str, processes: Processes) -> None:
    running = Running(home, processes)
    process = running.here(env={"QUEUECTL_DASHBOARD_TOKEN": TOKEN})
    assert running.said.endswith(f"/?token={TOKEN}\n")
    assert ended_by(process, signal.SIGTERM) == 0
    other = "another-token-of-the-user"
    process = running.here("--token", other, env={"QUEUECTL_DASHBOARD_TOKEN": TOKEN})
    assert running.said.endswith(f"/?token={other}\n")
    assert ended_by(process, signal.SIGTERM) == 0


@pytest.mark.parametrize("options", [(), ("--token", TOKEN)])
def test_a_browser_is_given_a_link_with_a_token_in_a_file_of_its_user(
    home: str, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    opened: list[str] = []

    def open_it(url: str) -> bool:
        opened.append(url + Path(url[len("file://") :]).read_text(encoding="utf-8"))
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    monkeypatch.setattr(server_module, "tells_owners", lambda host, family: False)
    answer = done(home, "dashboard", "--port", "0", "--open", *options)
    link = answer.out[len("Dashboard: ") :].strip()
    assert "/?token=" in link
    assert opened[0].startswith(f"file://{Home(home).dashboard_page}<")
    assert f'content="0; url={link}"' in opened[0]
    assert ("does not tell whose a browser is" in answer.err) is (not options)
    assert links(home) == []
