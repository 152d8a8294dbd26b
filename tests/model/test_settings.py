"""The table of settings: what is taken, what is refused, and where a value comes from."""

from __future__ import annotations

import random
import time

import pytest

from queuectl.model.errors import InvalidInput, quoted
from queuectl.model.setting import Setting
from queuectl.model.settings import SETTINGS, find

SEED = time.time_ns()
NAMES = [setting.name for setting in SETTINGS]

# name, default, lowest and highest text with their values, texts just outside
RANGES = [
    ("max_retries", 3, ("0", 0), ("100", 100), ["-1", "101"]),
    ("timeout", 300_000, ("0.1", 100), ("30d", 2_592_000_000), ["0", "0.099", "30d1ms", "2592001", "-5"]),
    ("retry_delay", 2_000, ("0", 0), ("86400", 86_400_000), ["86400.001", "-1"]),
    ("backoff_base", 2.0, ("1", 1.0), ("10", 10.0), ["0.99", "10.000001", "0"]),
    ("max_retry_delay", 300_000, ("1", 1_000), ("1d", 86_400_000), ["0.999", "1d1s"]),
    ("max_snoozes", 100, ("0", 0), ("1000000", 1_000_000), ["1000001", "-1"]),
    ("retry_jitter", 0.1, ("0", 0.0), ("1", 1.0), ["1.000001", "-0.1"]),
    ("output_limit", 1 << 20, ("1KiB", 1 << 10), ("1GiB", 1 << 30), ["1023", "1073741825", "2GiB", "0"]),
    ("output_total", 2 << 30, ("1MiB", 1 << 20), ("1024GiB", 1 << 40), ["1023KiB", "1025GiB", "0"]),
    ("worker_count", 2, ("1", 1), ("256", 256), ["0", "257"]),
    ("max_workers", 10, ("1", 1), ("256", 256), ["0", "257"]),
    ("max_load", None, ("0.1", 0.1), ("10000", 10_000.0), ["0", "0.09", "10000.1", "-1"]),
    ("min_memory", None, ("1MiB", 1 << 20), ("1048576GiB", 1 << 50), ["1023KiB", "1048577GiB", "0"]),
    ("lease", 30_000, ("2", 2_000), ("1h", 3_600_000), ["1.999", "3600.001"]),
    ("kill_grace", 5_000, ("0", 0), ("10m", 600_000), ["600.001"]),
    ("shutdown_timeout", 60_000, ("0", 0), ("86400", 86_400_000), ["86400.001"]),
    ("scheduler_interval", 5_000, ("0.1", 100), ("3600", 3_600_000), ["0.099", "3600.001"]),
    ("retain_completed_hours", 168.0, ("0", 0.0), ("876000", 876_000.0), ["876000.01", "-1"]),
    ("retain_dead_hours", None, ("0", 0.0), ("876000", 876_000.0), ["876000.01", "-1"]),
    ("dashboard_port", 5000, ("1", 1), ("65535", 65_535), ["0", "65536"]),
]


def refusal(setting: Setting, text: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        setting.parse(text)
    return caught.value


# The table


def test_no_name_or_alias_is_taken_twice() -> None:
    names = [name for setting in SETTINGS for name in (setting.name, *setting.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_every_setting_has_one_line_of_help_and_a_variable(setting: Setting) -> None:
    assert setting.help and "\n" not in setting.help
    assert setting.help[-1] != "."
    assert setting.environment == "QUEUECTL_" + setting.name.upper()


@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_every_default_is_allowed(setting: Setting) -> None:
    assert setting.parse(setting.show(setting.default)) == setting.default


# Ranges


@pytest.mark.parametrize("name, default, low, high, outside", RANGES)
def test_both_ends_of_a_range_are_taken_and_nothing_beyond(
    name: str, default: float | None, low: tuple[str, float], high: tuple[str, float], outside: list[str]
) -> None:
    setting = find(name)
    assert setting.default == default
    for text, value in (low, high):
        assert setting.parse(text) == value
        assert setting.parse(setting.show(value)) == value
    assert (setting.low, setting.high) == (low[1], high[1])
    for text in outside:
        error = refusal(setting, text)
        assert error.exit_code == 2
        assert error.field == name
        assert error.message == f'{name} must be {setting.allowed}, got "{text}"'


def test_every_setting_with_a_range_is_tested_at_its_ends() -> None:
    texts = {"host", "url", "list", "zone", "command", "shell", "inherit"}
    texts |= {"backoff", "signal", "successes", "codes", "snoozes"}
    bounded = {setting.name for setting in SETTINGS if setting.kind not in texts}
    assert bounded == {name for name, *_ in RANGES}


@pytest.mark.parametrize(
    "name, allowed",
    [
        ("max_retries", "a whole number between 0 and 100"),
        ("timeout", "between 0.1 and 2592000 seconds, or none"),
        ("backoff_base", "a number between 1 and 10"),
        ("output_limit", "between 1KiB and 1GiB"),
        ("retain_completed_hours", "a number between 0 and 876000 hours, or none"),
        ("dashboard_host", "a host name or an IP address"),
        ("webhook_url", "an http or https URL without a user name, or none"),
        ("timezone", "local, UTC or a zone such as Europe/London, or none"),
        ("webhook_events", "one or more of completed, failed, dead, cancelled, idle, all with commas between"),
    ],
)
def test_a_refusal_says_what_is_allowed(name: str, allowed: str) -> None:
    assert refusal(find(name), "a b").message == f'{name} must be {allowed}, got "a b"'


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "x" * 65_537, "\udc80"])
def test_an_invalid_command_is_refused(text: str) -> None:
    assert "on_dead must be a shell command of at most 64 KiB, or none, got" in refusal(find("on_dead"), text).message


@pytest.mark.parametrize("name", ["timeout", "retain_completed_hours", "webhook_url", "on_idle"])
def test_none_switches_off_what_can_be(name: str) -> None:
    setting = find(name)
    assert setting.parse("none") is None
    assert setting.parse(" None ") is None
    assert setting.show(None) == "none"


def test_none_is_refused_elsewhere() -> None:
    for setting in SETTINGS:
        if not setting.optional and setting.kind not in ("host", "shell", "inherit"):
            assert 'got "none"' in refusal(setting, "none").message


# Kinds


@pytest.mark.parametrize("text", ["", " ", "3.0", "1_0", "٣", "0x1", "1e1", "+3", "three", "nan", "3 4", "9" * 5_000])
def test_an_invalid_whole_number_is_refused(text: str) -> None:
    assert "whole number" in refusal(find("max_retries"), text).message


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e0", "1_0", "٢", "2.", ".5", "1.2.3", "two"])
def test_an_invalid_number_is_refused(text: str) -> None:
    assert "a number between" in refusal(find("backoff_base"), text).message


def test_durations_are_held_in_milliseconds() -> None:
    timeout = find("timeout")
    assert [timeout.parse(text) for text in ("90", "1h30m", " 500ms ")] == [90_000, 5_400_000, 500]
    assert [timeout.show(ms) for ms in (90_000, 100, 5_400_001)] == ["90s", "0.1s", "5400.001s"]


def test_a_refused_duration_or_size_comes_with_how_to_write_one() -> None:
    assert refusal(find("timeout"), "soon").hint == "write 90, 90s, 5m or 1h30m"
    assert refusal(find("output_limit"), "much").hint == "write 1MiB, 1MB, 512KiB or 1048576"


@pytest.mark.parametrize(
    "text, value, shown",
    [
        ("1MiB", 1 << 20, "1MiB"),
        ("512KiB", 512 << 10, "512KiB"),
        ("1048576", 1 << 20, "1MiB"),
        ("64K", 64 << 10, "64KiB"),
        ("2m", 2 << 20, "2MiB"),
        ("1G", 1 << 30, "1GiB"),
        ("1.5MiB", 3 << 19, "1536KiB"),
        ("4097", 4097, "4097"),
        (" 1 MiB ", 1 << 20, "1MiB"),
    ],
)
def test_a_size_is_read_in_powers_of_1024(text: str, value: int, shown: str) -> None:
    assert find("output_limit").parse(text) == value
    assert find("output_limit").show(value) == shown


@pytest.mark.parametrize("text", ["", "MiB", "1TiB", "1KiMiB", "-1MiB", "٣MiB", "1_0MiB", "1 0MiB"])
def test_an_invalid_size_is_refused(text: str) -> None:
    assert "between 1KiB and 1GiB" in refusal(find("output_limit"), text).message


@pytest.mark.parametrize("text", ["127.0.0.1", "0.0.0.0", "::1", "localhost", "my-host.example.com", "a" * 63])
def test_a_host_name_or_address_is_taken(text: str) -> None:
    assert find("dashboard_host").parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "999.1.1.1",
        "1.2.3",
        "a b",
        "-a",
        "a-",
        "a..b",
        "a/b",
        "http://a",
        "[::1]",
        "::g",
        "127.0.0.1:80",
        "a" * 64,
        "höst",
        "a_b",
        "a\nb",
        ".".join(["a" * 60] * 5),
    ],
)
def test_an_invalid_host_is_refused(text: str) -> None:
    assert "host name or an IP address" in refusal(find("dashboard_host"), text).message


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080/hook",
        "https://example.com",
        "https://example.com./x",
        "http://[::1]:80/",
        "https://example.com/a?b=c#d",
        "HTTPS://example.com/",
    ],
)
def test_a_web_address_is_taken(text: str) -> None:
    assert find("webhook_url").parse(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "https:///x",
        "http://a:99999/",
        "http://a:0/",
        "http://a:b/",
        "http://a..b/",
        "http://.com/",
        f"http://{'a' * 64}.com/",
        "http://[::1",
        "http://a b/",
        "http://a/\nb",
        "javascript:alert(1)",
        "http://exämple.com",
        "http://a/" + "x" * 2_048,
    ],
)
def test_an_invalid_web_address_is_refused(text: str) -> None:
    assert "http or https URL" in refusal(find("webhook_url"), text).message


@pytest.mark.parametrize("text, held", [("utc", "UTC"), ("LOCAL", "local"), ("Mars/Base-1", "Mars/Base-1")])
def test_a_time_zone_is_held_whether_or_not_this_python_knows_it(text: str, held: str) -> None:
    assert find("timezone").parse(text) == find("timezone").parse(held) == held
    assert "local, UTC or a zone" in refusal(find("timezone"), "+02:00").message


def test_events_are_a_list_in_the_order_of_the_table() -> None:
    events = find("webhook_events")
    assert events.parse("dead") == ("dead",)
    assert events.parse(" cancelled, Completed,dead,dead ") == ("completed", "dead", "cancelled")
    assert events.show(("completed", "dead")) == "completed,dead"
    for text in ("", ",", "dead,", "dead;failed", "started", "dead failed"):
        assert "one or more of" in refusal(events, text).message


def test_any_allowed_value_is_shown_as_text_that_means_it() -> None:
    print("seed", SEED)
    source = random.Random(SEED)
    for _ in range(2_000):
        setting = source.choice([setting for setting in SETTINGS if setting.high])
        value: float = source.randint(round(setting.low), round(setting.high))
        if setting.kind == "float":
            value = round(source.uniform(setting.low, setting.high), source.randrange(7))
        assert setting.parse(setting.show(value)) == value


# Refusals


def test_what_was_given_is_shown_escaped_and_cut() -> None:
    assert quoted("plain") == '"plain"'
    assert quoted('a"b\\c') == r'"a\"b\\c"'
    assert quoted("\x1b[2J\n\u202e\udc80") == r'"\x1b[2J\n\u202e\udc80"'
    assert quoted("x" * 80) == '"' + "x" * 80 + '"'
    assert quoted("x" * 81) == '"' + "x" * 80 + '..."'
    assert refusal(find("timeout"), "\x1b" * 10_000).message.count("\\x1b") == 80


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("output_limit", "1MB", 1_000_000),
        ("output_limit", "1.5 mb", 1_500_000),
        ("output_limit", "64kB", 64_000),
        ("output_limit", "4096B", 4_096),
        ("retain_completed_hours", "1d", 24),
        ("retain_completed_hours", "2 weeks", 336),
        ("retain_completed_hours", "90 min", 1.5),
        ("timeout", "5 minutes", 300_000),
        ("timeout", "PT1H", 3_600_000),
    ],
)
def test_a_unit_is_written_as_people_do(name: str, text: str, value: float) -> None:
    assert find(name).parse(text) == value
