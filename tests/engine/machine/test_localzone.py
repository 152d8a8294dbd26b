"""The name of the zone that a process is in: from the environment, or from where /etc/localtime leads to."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from queuectl.engine.machine import localzone
from queuectl.engine.machine.localzone import machine_zone, own_zone, rules, unknown_zone

ZONEINFO = Path("/usr/share/zoneinfo")

pytestmark = pytest.mark.skipif(not (ZONEINFO / "Asia/Tokyo").exists(), reason="this machine has no zone files")


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without /etc/localtime and without variables."""
    for name in ("TZ", "QUEUECTL_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(localzone, "LOCALTIME", str(tmp_path / "localtime"))
    monkeypatch.setattr(localzone, "NAME_FILE", str(tmp_path / "timezone"))
    return tmp_path


@pytest.mark.parametrize(
    "tz, name",
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        (":/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        ("UTC", "UTC"),
        ("UTC0", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Zulu", "UTC"),
        ("EST5EDT,M3.2.0,M11.1.0", "local"),
        ("<+03>-3", "local"),
        ("Mars/Olympus", "local"),
        ("/etc/passwd", "local"),
        ("../../etc/passwd", "local"),
    ],
)
def test_tz_names_it(monkeypatch: pytest.MonkeyPatch, tz: str, name: str) -> None:
    monkeypatch.setenv("TZ", tz)
    assert machine_zone() == own_zone() == name


@pytest.mark.parametrize("tz", ["Mars/Olympus", ":Mars/Olympus", "MEZ", "Etc/GMT+99", "europe/paris"])
def test_what_the_c_library_takes_for_utc_is_unknown(monkeypatch: pytest.MonkeyPatch, tz: str) -> None:
    monkeypatch.setenv("TZ", tz)
    assert unknown_zone() == tz


@pytest.mark.parametrize(
    "tz",
    [
        *(None, "", "UTC", "GMT", "Etc/UTC", "UTC0", "<+00>0", "EST5EDT,M3.2.0,M11.1.0"),
        *("Africa/Abidjan", ":Asia/Tokyo", "/usr/share/zoneinfo/Asia/Tokyo"),
    ],
)
def test_a_zone_a_rule_and_no_zone_at_all_are_known(monkeypatch: pytest.MonkeyPatch, tz: str | None) -> None:
    if tz is not None:
        monkeypatch.setenv("TZ", tz)
    assert unknown_zone() is None


def test_a_machine_that_says_nothing_is_in_utc() -> None:
    assert machine_zone() == "UTC"


@pytest.mark.parametrize("target, name", [("Europe/Paris", "Europe/Paris"), ("Etc/UTC", "UTC")])
def test_a_link_says_it(nowhere: Path, target: str, name: str) -> None:
    (nowhere / "localtime").symlink_to(ZONEINFO / target)
    assert machine_zone() == name


def test_a_link_to_a_link_says_it(nowhere: Path) -> None:
    (nowhere / "there").symlink_to(ZONEINFO / "Europe/Paris")
    (nowhere / "localtime").symlink_to(nowhere / "there")
    assert machine_zone() == "Europe/Paris"


@pytest.mark.parametrize("written, name", [("Europe/Paris\n", "Europe/Paris"), ("Etc/UTC\n", "local"), (None, "local")])
def test_a_copy_needs_a_name_that_fits_it(nowhere: Path, written: str | None, name: str) -> None:
    shutil.copy(ZONEINFO / "Europe/Paris", nowhere / "localtime")
    if written is not None:
        (nowhere / "timezone").write_text(written)
    assert machine_zone() == name


@pytest.mark.parametrize("given, name", [("Europe/Paris", "Europe/Paris"), ("utc", "UTC"), ("none", "Asia/Tokyo")])
def test_our_own_variable_wins(monkeypatch: pytest.MonkeyPatch, given: str, name: str) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("QUEUECTL_TIMEZONE", given)
    assert own_zone() == name and machine_zone() == "Asia/Tokyo"


def test_a_python_without_zones_knows_the_one_that_it_is_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zoneinfo", None)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert rules("Asia/Tokyo") is None
    with pytest.raises(ValueError, match="Python 3.9"):
        rules("Europe/Paris")


def test_local_time_is_what_the_name_says() -> None:
    """Ask the C library in a process of its own for each way to write the zone."""
    import subprocess

    code = (
        "from queuectl.engine.machine.localzone import machine_zone; import time; print(machine_zone(), time.timezone)"
    )
    for tz, expected in (("Asia/Tokyo", "Asia/Tokyo -32400"), ("", "UTC 0"), ("Mars/Olympus", "local 0")):
        done = subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "TZ": tz}, stdout=subprocess.PIPE, encoding="utf-8"
        )
        assert done.stdout.strip() == expected
    assert time.daylight in (0, 1)
