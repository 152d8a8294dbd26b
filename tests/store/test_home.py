"""The home's directory: where it is, who may read it, and whose it must be."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Iterator

import pytest

from queuectl.model.errors import StoreUnavailable
from queuectl.store import Home, Store
from queuectl.store.home import find_home
from tests.store.building import add, open_store

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def modes(home: str) -> dict[str, str]:
    paths = [Path(home), *Path(home).rglob("*")]
    return {path.name: oct(stat.S_IMODE(path.lstat().st_mode)) for path in paths}


@POSIX
def test_everything_is_readable_by_its_owner_only_whatever_the_umask(home: str, no_umask: None) -> None:
    with open_store(home) as store:
        add(store)
        found = modes(home)
    assert found == {
        "home": "0o700",
        "run": "0o700",
        "bells": "0o700",
        "logs": "0o700",
        "queue.db": "0o600",
        "queue.db-wal": "0o600",
        "queue.db-shm": "0o600",
        "write.lock": "0o600",
    }


@POSIX
def test_directories_that_are_there_are_kept_as_they_are(home: str) -> None:
    os.makedirs(os.path.join(home, "logs"), 0o755)
    os.chmod(home, 0o755)
    with open_store(home) as store:
        add(store)
    assert (modes(home)["home"], modes(home)["logs"]) == ("0o755", "0o755")


@POSIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702, 0o720])
def test_a_home_that_others_can_write_to_is_refused(home: str, mode: int) -> None:
    os.mkdir(home)
    os.chmod(home, mode)
    with pytest.raises(StoreUnavailable, match="can be written to by other users") as caught:
        open_store(home)
    assert caught.value.hint == f"chmod go-w {home}"
    assert not os.path.exists(os.path.join(home, "queue.db"))
    os.chmod(home, 0o755)
    open_store(home).close()


@POSIX
def test_a_home_of_another_user_is_refused(home: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("giving a directory away needs root")
    os.mkdir(home, 0o700)
    os.chown(home, 4_711, -1)
    with pytest.raises(StoreUnavailable, match="belongs to another user .uid 4711"):
        open_store(home)
    assert not os.path.exists(os.path.join(home, "queue.db"))


@pytest.fixture
def of_a_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of another user, which is HOME for root: after a `sudo` that keeps it."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("giving a directory away needs root")
    directory = tmp_path / "user"
    directory.mkdir()
    os.chown(str(directory), 4_711, -1)
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.delenv("SUDO_UID", raising=False)
    return directory


def test_root_makes_no_home_of_its_own_in_the_directory_of_another_user(of_a_user: Path) -> None:
    home = str(of_a_user / ".queuectl")
    with pytest.raises(StoreUnavailable, match="would belong to root, .* another user .uid 4711") as caught:
        open_store(home)
    assert f"mkdir -m 700 {home}" in (caught.value.hint or "")
    assert not os.path.exists(home)
    os.mkdir(home, 0o700)
    open_store(home).close()


def test_root_may_name_a_home_anywhere_unless_sudo_has_made_it_root(
    of_a_user: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(str(of_a_user / "named")).close()
    monkeypatch.setenv("SUDO_UID", "4711")
    for path in ("project/.queuectl", "other"):
        with pytest.raises(StoreUnavailable, match="would belong to root"):
            open_store(str(of_a_user / path))
        assert not (of_a_user / path).parent.joinpath(".queuectl").exists()
    monkeypatch.setenv("SUDO_UID", "4712")
    open_store(str(of_a_user / "other")).close()


def test_the_owner_of_a_home_that_root_made_learns_how_to_get_it_back(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    open_store(home).close()
    monkeypatch.setattr(os, "geteuid", lambda: 4_711)
    with pytest.raises(StoreUnavailable, match="another user .uid 0") as caught:
        open_store(home)
    assert f'sudo chown -R "$(id -un)" {home}' in (caught.value.hint or "")


@pytest.mark.parametrize("place", ["home", "parent", "home/run", "home/logs"])
def test_a_file_in_the_place_of_a_directory_is_refused(tmp_path: Path, place: str) -> None:
    blocked = tmp_path / place.replace("parent", "home")
    blocked.parent.mkdir(mode=0o700, exist_ok=True)
    blocked.write_text("mine", encoding="utf-8")
    home = tmp_path / "home" / "below" if place == "parent" else tmp_path / "home"
    with pytest.raises(StoreUnavailable, match="cannot be used") as caught:
        open_store(str(home))
    assert "--home" in (caught.value.hint or "")
    assert blocked.read_text(encoding="utf-8") == "mine"


def test_missing_parents_are_made(tmp_path: Path) -> None:
    with open_store(str(tmp_path / "a" / "b" / "home")) as store:
        assert add(store) == 1


@pytest.mark.parametrize("is_there", [True, False])
def test_a_home_without_a_queue_is_refused_and_not_made_by_who_must_not(home: str, is_there: bool) -> None:
    if is_there:
        os.mkdir(home, 0o700)
    with pytest.raises(StoreUnavailable, match="there is no queue in"):
        Store(Home(home), create=False)
    assert os.path.exists(home) == is_there and (not is_there or os.listdir(home) == [])


def test_an_old_queue_is_opened_by_who_must_not_make_one(home: str) -> None:
    open_store(home).close()
    shutil.rmtree(os.path.join(home, "run"))
    with Store(Home(home), create=False) as store:
        assert add(store) == 1


# Where it is


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "project" / ".queuectl").mkdir(parents=True)
    (tmp_path / "project" / "src" / "deep").mkdir(parents=True)
    return tmp_path


def test_a_home_that_is_named_goes_before_all_others(place: Path) -> None:
    found = find_home(str(place / "x"), {"QUEUECTL_HOME": str(place / "y")}, str(place / "project"))
    assert found.path == str(place / "x")


def test_the_environment_goes_before_the_nearest_directory(place: Path) -> None:
    assert find_home(None, {"QUEUECTL_HOME": str(place / "y")}, str(place / "project")).path == str(place / "y")


@pytest.mark.parametrize("start", ["project", "project/src", "project/src/deep", "project/.queuectl"])
def test_the_nearest_directory_upward_is_found(place: Path, start: str) -> None:
    assert find_home(None, {"QUEUECTL_HOME": ""}, str(place / start)).path == str(place / "project" / ".queuectl")


def test_a_file_of_that_name_is_not_a_home(place: Path) -> None:
    (place / "project" / "src" / ".queuectl").write_text("", encoding="utf-8")
    assert find_home(None, {}, str(place / "project" / "src")).path == str(place / "project" / ".queuectl")


def test_without_any_the_users_own_home_is_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(place / "me"))
    assert find_home(None, {}, "/").path == str(place / "me" / ".queuectl")


def test_a_home_is_the_same_from_wherever_it_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "project")
    assert Home("src/../home").database == str(place / "project" / "home" / "queue.db")
    monkeypatch.setenv("HOME", str(place))
    assert Home("~/x").path == str(place / "x")
