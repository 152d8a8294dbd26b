"""What may be asked for when a job is enqueued: every limit at its boundary."""

from __future__ import annotations

import random
import time

import pytest

from queuectl.model.errors import InvalidInput
from queuectl.model.fields import GIVEN
from queuectl.model.spec import JobSpec, parse_changes
from tests.model.specs import NOW, SURROGATE, parse, problems, refused

SEED = time.time_ns()


NOTHING = (
    "id run_at expires_at inherit_env stdin kill_grace kill_signal ok_codes snooze_on fail_on retry_on backoff batch"
    " batch_limit max_fails key key_for on_success on_failure on_finish item item_index inputs"
)


def fields_of(spec: JobSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in JobSpec.FIELDS}


def test_a_missing_field_has_a_default() -> None:
    assert fields_of(parse()) == {
        **dict.fromkeys(NOTHING.split()),
        **dict.fromkeys(("tags", "locks", "after", "after_any", "after_failed"), ()),
        **dict.fromkeys(("is_delay", "expires_from_now", "hold", "allow_background"), False),
        "command": "true",
        "queue": "default",
        "priority": 0,
        "max_retries": 3,
        "timeout": 300_000,
        "cwd": "/work",
        "env": {},
        "shell": "/bin/sh",
        "nice": 0,
        "if_exists": "skip",
    }


def test_every_field_can_be_given() -> None:
    same = {
        "id": "a",
        "queue": "q",
        "priority": 1,
        "max_retries": 2,
        "hold": True,
        "cwd": "/x",
        "env": {"A": "b"},
        "shell": "bash",
        "allow_background": True,
        "nice": 5,
        "batch": "b",
        "batch_limit": 4,
        "max_fails": "10%",
        "key": "a key",
        "if_exists": "error",
        "on_success": "echo well",
        "on_failure": "none",
        "on_finish": "echo over",
        "item": "",
        "item_index": 7,
        "inputs": {"b": "", "a": "x"},
        "ok_codes": "24",
        "snooze_on": "75:10m",
        "fail_on": "SEGV,3",
        "retry_on": "none",
        "backoff": "linear:1s",
        "kill_signal": "INT",
    }
    changed = {
        "timeout": (3, 3_000),
        "run_at": ("+1s", NOW + 1_000),
        "expires_at": ("2s", NOW + 2_000),
        "inherit_env": ("LANG,LC_*", ("LANG", "LC_*")),
        "stdin": ("in", b"in"),
        "tags": (["t"], ("t",)),
        "locks": (["gpu"], ("gpu",)),
        "kill_grace": (1.5, 1_500),
        "key_for": ("1h", 3_600_000),
        "after": ("a", ("a",)),
        "after_any": (["b", 3], ("b", "3")),
        "after_failed": (["tag:x"], ("tag:x",)),
    }
    spec = parse(**same, **{name: given for name, (given, _) in changed.items()})
    kept = {name: value for name, (_, value) in changed.items()}
    assert fields_of(spec) == {**same, **kept, "command": "true", "is_delay": True, "expires_from_now": True}


# Numbers


@pytest.mark.parametrize("field, low, high", [("priority", -1000, 1000), ("max_retries", 0, 100)])
def test_an_integer_is_limited(field: str, low: int, high: int) -> None:
    assert [getattr(parse(**{field: value}), field) for value in (low, 0, high)] == [low, 0, high]
    for value in (low - 1, high + 1, 10**30, 1.0, "1", None, True, False, [1], float("nan")):
        assert f"must be a whole number between {low} and {high}" in refused(field, value)


@pytest.mark.parametrize(
    "value, milliseconds",
    [
        (0.1, 100),
        ("0.1", 100),
        ("100ms", 100),
        (1.5, 1_500),
        ("90", 90_000),
        ("1h30m", 5_400_000),
        (2_592_000, 2_592_000_000),
        ("30d", 2_592_000_000),
        (2_592_000.0, 2_592_000_000),
        (None, None),
        ("none", None),
        (" NONE ", None),
    ],
)
def test_a_timeout_is_taken(value: float | str | None, milliseconds: int | None) -> None:
    assert parse(timeout=value).timeout == milliseconds


@pytest.mark.parametrize(
    "value",
    [
        0,
        0.0,
        0.09,
        -1,
        -0.1,
        "0",
        "99ms",
        "0.05",
        2_592_001,
        2_592_000.001,
        "31d",
        "2592000001ms",
        10**30,
        float("nan"),
        float("inf"),
        float("-inf"),
        True,
        False,
        [1],
        {"s": 1},
    ],
)
def test_a_timeout_is_refused(value: object) -> None:
    assert "must be between 0.1 and 2592000 seconds, or none" in refused("timeout", value)


@pytest.mark.parametrize("value", ["-5", "", "soon", "1 fortnight"])
def test_a_timeout_that_is_not_a_duration_says_how_to_write_one(value: str) -> None:
    assert f'timeout is not a duration (write 90, 90s, 5m or 1h30m), got "{value}"' in refused("timeout", value)


def test_a_timeout_that_may_mean_two_things_says_why_it_is_refused() -> None:
    assert "timeout is unclear, as months and years differ in length" in refused("timeout", "1 month")


# Times


@pytest.mark.parametrize(
    "value, instant",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-10T02:00:00Z", 1_794_276_000_000),
        ("+0s", NOW),
        ("+30m", NOW + 1_800_000),
        ("2100-12-31T23:59:59.999Z", 4_133_980_799_999),
        (None, None),
    ],
)
def test_run_at_is_taken(value: str | None, instant: int | None) -> None:
    assert parse(run_at=value).run_at == instant


@pytest.mark.parametrize(
    "value, rule",
    [
        ("1969-12-31T23:59:59Z", "is not a time between 1970 and 2100"),
        ("2101-01-01T00:00:00Z", "is not a time between 1970 and 2100"),
        ("2026-02-30T00:00:00Z", "is not a date or time that exists"),
        ("soon", "is too vague (write"),
        ("nonsense", "is not a time (write"),
        ("", "is not a time (write"),
        (SURROGATE, "is not a time (write"),
        (1_794_276_000_000, "must be a text such as"),
        (True, "must be a text such as"),
    ],
)
def test_run_at_is_refused(value: object, rule: str) -> None:
    assert f"run_at {rule}" in refused("run_at", value)


# The whole


@pytest.mark.parametrize(
    "spelling, value, field, held",
    [
        ("retries", 7, "max_retries", 7),
        ("timeout_seconds", 7, "timeout", 7_000),
        ("timeout_sec", "1m", "timeout", 60_000),
        ("expires", "2s", "expires_at", NOW + 2_000),
        ("lock", "gpu", "locks", ("gpu",)),
    ],
)
def test_another_spelling_means_the_same(spelling: str, value: object, field: str, held: object) -> None:
    assert getattr(parse(**{spelling: value}), field) == held
    assert refused(spelling, -1).startswith(spelling)


@pytest.mark.parametrize(
    "keys",
    [
        ("max_retries", "retries"),
        ("retries", "max_retries"),
        ("timeout", "timeout_sec"),
        ("timeout_seconds", "timeout_sec"),
    ],
)
def test_a_field_given_in_two_spellings_is_refused(keys: tuple[str, str]) -> None:
    assert problems(**dict.fromkeys(keys, 1)) == [f"{keys[1]} and {keys[0]} are the same field, give one"]


@pytest.mark.parametrize(
    "key, nearest",
    [
        ("max_retrys", "max_retries"),
        ("comand", "command"),
        ("Queue", "queue"),
        ("tag", "tags"),
        ("priorty", "priority"),
    ],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(key: str, nearest: str) -> None:
    assert problems(**{key: 1}) == [f'unknown field "{key}" (did you mean "{nearest}"?)']


@pytest.mark.parametrize("key", ["zzz", "", "worker", "number", "is_delay"])
def test_an_unknown_field_like_no_other_is_refused(key: str) -> None:
    assert problems(**{key: 1}) == [f'unknown field "{key}"']


def test_all_problems_are_reported_at_once() -> None:
    found = problems(
        command="",
        id="-",
        queue="",
        priority=1.5,
        max_retries=-1,
        timeout=0,
        run_at="soon",
        cwd="x",
        env=[],
        tags="t",
        hold=1,
        hue="red",
    )
    assert [problem.split()[0].rstrip(":") for problem in found] == [
        "command",
        "id",
        "queue",
        "priority",
        "max_retries",
        "timeout",
        "run_at",
        "cwd",
        "env",
        "tags",
        "hold",
        "unknown",
    ]


def test_past_twenty_problems_are_counted() -> None:
    found = problems(**{f"zz{n}": n for n in range(25)})
    assert len(found) == 21 and found[-1] == "and 5 more problems"


def test_any_value_of_any_field_is_taken_or_refused_with_its_name() -> None:
    print(f"seed {SEED}")
    source = random.Random(SEED)
    texts = ["", "a", "-1", "1e9", "none", "+5m", "\0", SURROGATE, "é" * 70, "/", "x" * 200, "٣", "2026-01-01T00:00Z"]
    values = [
        None,
        True,
        False,
        0,
        -1,
        10**18,
        -(10**30),
        0.5,
        float("nan"),
        float("inf"),
        b"x",
        (),
        object(),
        *texts,
        [],
        {},
        [None],
        [[]],
        [SURROGATE],
        {"A": None},
        {None: "x"},
        {SURROGATE: "x"},
    ]
    for _ in range(2_000):
        fields = source.sample(sorted(field.name for field in GIVEN), source.randint(1, 4))
        data = {field: source.choice(values) for field in fields}
        try:
            JobSpec.parse(data, max_retries=3, timeout=None, cwd="/", now=NOW)
        except InvalidInput as error:
            named = {problem.split()[0].rstrip(":") for problem in error.problems}
            assert named <= set(fields) | {"command"}, (SEED, data)


@pytest.mark.parametrize(
    "run_at, is_delay",
    [
        ("+30m", True),
        ("2h30m", True),
        (" +1d ", True),
        ("tomorrow 09:00", False),
        ("18:00", False),
        ("2026-11-10T02:00:00Z", False),
        (None, False),
    ],
)
def test_a_time_that_counts_from_now_is_known_as_a_delay(run_at: str | None, is_delay: bool) -> None:
    assert parse(run_at=run_at).is_delay == is_delay
    changes = parse_changes({"run_at": run_at}, NOW)
    assert changes["is_delay"] == is_delay and "is_delay" not in parse_changes({"priority": 1}, NOW)


@pytest.mark.parametrize("expires, from_now", [("2h", True), (" +1d ", True), ("tomorrow 09:00", False), (None, False)])
def test_the_same_is_known_of_when_a_job_expires(expires: str | None, from_now: bool) -> None:
    found = parse(expires=expires, run_at="+1h")
    assert (found.expires_from_now, found.is_delay) == (from_now, True)
    changes = parse_changes({"expires": expires}, NOW)
    assert changes["expires_from_now"] == from_now and "is_delay" not in changes
