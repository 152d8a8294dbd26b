"""What `top` looks like at any size, whatever jobs are called."""

from __future__ import annotations

import io
import random
import re
import sys
from collections import Counter
from typing import Any

import pytest

from queuectl.engine.lookout import Snapshot
from queuectl.frontends.live import painted_width
from queuectl.frontends.terminal import STATE_STYLES, Screen
from queuectl.frontends.top_view import (
    HELP,
    HELP_TEXT,
    JOBS,
    OUTPUT,
    RARE_HINTS,
    VERB_HINTS,
    Look,
    body_rows,
    page,
    picture,
    sparkline,
)
from queuectl.model.alert import LEVELS, Alert
from queuectl.model.batch import Batch
from queuectl.model.job import STATES, Job
from queuectl.model.piece import Tail
from queuectl.model.when import local
from queuectl.model.worker import WorkerState
from tests.store.building import NOW

SGR = re.compile("\x1b\\[[0-9;]*m")
FOOTER = "  ".join(["q quit  j/k move  Enter output", *VERB_HINTS, "p freeze  / filter  s sort", *RARE_HINTS, "? help"])


def screen(encoding: str = "utf-8", color: str = "never") -> Screen:
    return Screen(io.TextIOWrapper(io.BytesIO(), encoding=encoding), {}, color)


def made(number: int = 1, state: str = "pending", **fields: Any) -> Job:
    values: dict[str, Any] = {**dict.fromkeys(Job.FIELDS), "id": f"job-{number}", "number": number, "state": state}
    values.update(command="true", queue="default", cwd="/", env={}, tags=())
    values.update(priority=0, attempts=0, max_retries=3, suspended_for=0)
    values.update(run_at=NOW, created_at=NOW, updated_at=NOW)
    return Job(**{**values, **fields})


def alarmed(*levels: str) -> Look:
    """Return a look at a home with an alert of each level, whose text is the level and a bell."""
    found = look()
    found.snapshot.alerts = [Alert("no_workers", f"{level}\a", "queuectl fix", level=level) for level in levels]
    return found


def worker(number: int = 1, **fields: Any) -> WorkerState:
    values = dict.fromkeys(WorkerState.__annotations__)
    values.update(worker=number, state="idle")
    return WorkerState(**{**values, **fields})


def look(*jobs: Job, now: int = NOW, workers: tuple[WorkerState, ...] = ()) -> Look:
    found = Look("/home/someone/.queuectl")
    found.snapshot = Snapshot(now, Counter(job.state for job in jobs), workers, jobs=jobs)
    found.selected = jobs[0].number if jobs else None
    return found


def drawn(seen: Look, columns: int = 100, rows: int = 30, on: Screen | None = None) -> list[str]:
    return [SGR.sub("", line).rstrip() for line in picture(seen, columns, rows, on or screen())]


def test_a_wide_screen_shows_everything() -> None:
    seen = look(
        made(7, "processing", started_at=NOW - 12_300, attempts=1, command="make"),
        made(8),
        workers=(worker(1, state="busy", job="job-7", elapsed=12_300, command="make"), worker(2)),
    )
    seen.snapshot.per_minute = 4.2
    seen.snapshot.minutes = {NOW // 60_000: (12, 1, 2), NOW // 60_000 - 1: (7, 0, 0)}
    lines = drawn(seen, 110)
    assert lines[0].split() == ["queuectl", "/home/someone/.queuectl", *local(NOW).split()]
    assert lines[1] == (
        "scheduled 0  blocked 0  held 0  pending 1  processing 1  failed 0  completed 0  dead 0  cancelled 0"
    )
    assert lines[2].startswith("finished ▁") and "▁▄█ 4.2/min  30 min: 19 completed, 1 failed, 2 dead" in lines[2]
    assert lines[3:5] == ["worker 1  busy  job-7  12.3s  make", "worker 2  idle"]
    assert lines[5] == "jobs 2 of 2, sort: default"
    assert lines[6].split() == ["ID", "STATE", "TIME", "WHEN", "TRIES", "QUEUE", "PRIO", "COMMAND"]
    assert lines[7].split() == [">", "job-7", "processing", "12.3s", "12s", "ago", "1/4", "default", "0", "make"]
    assert lines[8].split() == ["job-8", "pending", "-", "now", "0/4", "default", "0", "true"]
    assert lines[29] == FOOTER and len(lines) == 30


def test_a_suspended_job_says_so_and_its_time_stands_still() -> None:
    job = made(7, "processing", started_at=NOW - 60_000, suspended_at=NOW - 40_000, suspended_for=5_000)
    row = next(line for line in drawn(look(job), 110) if "job-7" in line)
    assert row.split()[:4] == [">", "job-7", "suspended", "15s"]


def test_a_job_whose_lock_is_taken_says_so() -> None:
    row = next(line for line in drawn(look(made(7, "pending", parked="lock:gpu")), 110) if "job-7" in line)
    assert row.split()[:3] == [">", "job-7", "parked"]


def test_a_job_that_waits_in_vain_looks_different_from_one_that_waits() -> None:
    lines = drawn(look(made(7, "blocked", stuck=True), made(8, "blocked"), made(9, "held", stuck=True)), 110)
    assert [line.replace(">", " ").split()[1] for line in lines if " job-" in line] == ["stuck", "blocked", "held"]


def test_the_keys_are_shown_at_80_columns_too() -> None:
    most = [hint for hint in FOOTER.split("  ") if hint not in RARE_HINTS]
    assert drawn(look(), 80)[-1] == " ".join(most) and RARE_HINTS == ["z suspend", "Z resume"]


@pytest.mark.parametrize("state", STATES)
def test_states_have_their_colors(state: str) -> None:
    on = screen(color="always")
    lines = picture(look(made(1), made(2, state)), 110, 30, on)
    style = STATE_STYLES.get(state, "")
    assert on.paint(f"{state} {2 if state == 'pending' else 1}", style) in lines[1]
    row = next(line for line in lines if "job-2" in line)
    assert on.paint(state.ljust(len("pending")), style) in row


def test_the_selected_row_is_reversed_over_its_whole_width_also_without_colors() -> None:
    for color in ("never", "always"):
        seen = look(made(1), made(2, "dead", finished_at=NOW))
        seen.selected = 2
        row = next(line for line in picture(seen, 80, 24, screen(color=color)) if "job-2" in line)
        assert row.startswith("\x1b[7m> job-2") and row.endswith("\x1b[0m")
        assert painted_width(row) == 80 and len(SGR.findall(row)) == 2


def test_a_frozen_picture_says_so() -> None:
    seen = look()
    assert "FROZEN" not in drawn(seen)[0]
    seen.paused = True
    for columns in (20, 40, 80):
        assert "FROZEN" in drawn(seen, columns)[0]


def test_open_batches_say_how_far_they_are() -> None:
    seen = look(made(8))
    values = dict.fromkeys(Batch.__annotations__)
    states = {"completed": 6, "dead": 2, "pending": 4}
    times = {"started_at": NOW - 60_000, "ended_at": NOW, "read_at": NOW}
    batch = Batch.of({**values, "name": "grid\a", "states": states, "stuck": 0, "waiting": 0, **times})
    seen.snapshot.batches = [batch] * 9
    lines = drawn(seen, rows=30)
    shown = [line for line in lines if line.startswith("batch")]
    assert shown == ["batch grid\\x07  [#############.......] 66% 8/12, 2 dead, 8.0 jobs a minute, about 30s left"] * 3
    assert not any(line.startswith("batch") for line in drawn(seen, rows=7))


def test_workers_take_a_third_of_the_screen_at_most() -> None:
    seen = look(*[made(number) for number in range(50)], workers=tuple(worker(number) for number in range(50)))
    lines = drawn(seen, 80, 24)
    assert sum(line.startswith("worker ") for line in lines) == 7
    assert "and 43 more workers" in lines
    assert "no workers are running: queuectl worker start" in drawn(look(), 80, 24)


def test_only_states_that_have_jobs_are_counted_where_it_is_narrow() -> None:
    assert drawn(look(made(1), made(2, "dead", finished_at=NOW)), 40, 10)[1] == "pending 1  dead 1"
    assert drawn(look(), 40, 10)[1] == "no jobs"
    assert drawn(look(), 80, 24)[1:3] == [
        "scheduled 0  blocked 0  held 0  pending 0  processing 0  failed 0  completed 0",
        "dead 0  cancelled 0",
    ]


@pytest.mark.parametrize("columns, rows", [(20, 5), (40, 10), (80, 24)])
def test_a_small_screen_keeps_the_time_a_job_and_the_keys(columns: int, rows: int) -> None:
    seen = look(*[made(number, command="sleep 100") for number in range(1, 60)], workers=(worker(), worker(2)))
    lines = drawn(seen, columns, rows)
    assert len(lines) == rows
    assert local(NOW)[-8:] in lines[0]
    assert any(line.startswith("> job-1") for line in lines)
    assert lines[-1].startswith("q quit ") and lines[-1].endswith("? help")


def test_an_empty_table_says_why() -> None:
    assert "no jobs yet: queuectl add COMMAND" in drawn(look())
    seen = look()
    seen.filter = "state:dead"
    assert "no job matches, Esc clears the filter" in drawn(seen)
    assert "jobs 0 of 0, sort: default, filter: state:dead" in drawn(seen)


def test_a_question_an_answer_and_a_problem_stand_above_the_keys() -> None:
    seen = look(made())
    seen.message = "job-1 queued again"
    assert drawn(seen)[-2:] == ["job-1 queued again", FOOTER.replace("  ", " ")]
    seen.trouble = "the store was busy"
    assert drawn(seen)[-2] == "the store was busy"
    seen.prompt = "retry job-1? [y/N] "
    assert drawn(seen)[-2] == "retry job-1? [y/N]"
    assert drawn(seen, 80, 3)[-1] == "retry job-1? [y/N]"
    seen.prompt = "/" + "x" * 300 + "end"
    assert drawn(seen, 20)[-2].endswith("end")


def test_a_sparkline_is_as_high_as_the_highest_and_never_hides_what_is_there() -> None:
    assert sparkline([0, 1, 50, 100], screen()) == "▁▂▄█"
    assert sparkline([0, 1, 50, 100], screen("ascii")) == " .-#"
    assert sparkline([0, 0], screen()) == "▁▁"
    assert sparkline([], screen()) == ""
    assert sparkline([3], screen("cp437")) == "#"


def test_the_output_page_shows_the_end_and_where_it_begins() -> None:
    seen = look(made(1, "processing", started_at=NOW))
    seen.mode, seen.tail = OUTPUT, Tail(made(1, "processing", command="make"), 2, 4_096, "one\r\ntwo\tx\n\x1b[2Jred\n")
    assert drawn(seen)[:4] == [
        "job-1  processing  attempt 2  (4096 bytes before are not shown)  make",
        "one",
        "two     x",
        "\\x1b[2Jred",
    ]
    assert drawn(seen)[-1] == "q back  j/k scroll  g/G top/end  Esc back"
    assert body_rows(seen, 100, 30, screen()) == 28


@pytest.mark.parametrize(
    "tail, text",
    [
        (Tail(None, None, 0, ""), "(the job was removed)"),
        (Tail(made(1, "held"), None, 0, ""), "(it has not run yet, it is held)"),
        (Tail(made(1, "processing"), 1, 0, ""), "(no output yet)"),
        (Tail(made(1, "dead"), 1, 0, ""), "(no output)"),
    ],
)
def test_an_empty_output_page_says_why(tail: Tail, text: str) -> None:
    seen = look()
    seen.mode, seen.tail = OUTPUT, tail
    assert drawn(seen)[1] == text


def test_the_help_page_fits_a_usual_terminal() -> None:
    seen = look()
    seen.mode = HELP
    assert len(page(seen, 80, screen())) == HELP_TEXT.count("\n") <= body_rows(seen, 80, 24, screen())
    assert drawn(seen, 80, 24)[-1] == "q back  any key back"


def test_nothing_untrusted_reaches_the_terminal_unescaped() -> None:
    evil = "a\x1b[2J\x9b1m\u202e\x07\nb"
    seen = look(
        made(1, "processing", id=evil, command=evil, queue=evil, started_at=NOW),
        workers=(worker(1, state="busy", job=evil, elapsed=1, command=evil),),
    )
    seen.home = seen.filter = seen.message = seen.trouble = seen.prompt = evil
    for mode in (JOBS, OUTPUT, HELP):
        seen.mode, seen.tail = mode, Tail(seen.snapshot.jobs[0], 1, 0, evil)
        for line in picture(seen, 100, 30, screen(color="always")):
            assert SGR.sub("", line).isprintable(), line
    assert any("\\x1b[2J" in line for line in drawn(seen))


def test_no_picture_is_wider_or_higher_than_the_screen_whatever_is_shown() -> None:
    seed = random.randrange(1 << 32)
    chooser = random.Random(seed)
    alphabet = [chr(code) for code in range(0x20, 0x3000, 7)]
    alphabet += list("日本語漢字カナ한글ｆｕｌｌ😀👩\u200d🚀e\u0301\t\x1b\n")
    alphabet += [chr(chooser.randrange(sys.maxunicode + 1)) for _ in range(500)]

    def text(longest: int) -> str:
        return "".join(chooser.choices(alphabet, k=chooser.randrange(1, longest)))

    def any_job(number: int) -> Job:
        texts = {"id": text(90), "command": text(300), "queue": text(30)}
        times = {"started_at": NOW - chooser.randrange(10**9), "finished_at": NOW}
        return made(number, chooser.choice(STATES), **texts, **times, priority=chooser.randrange(99))

    for columns in [*range(20, 201, 3), 200, 1, 2, 5, 10]:
        rows = chooser.randrange(1, 50)
        seen = look(
            *map(any_job, range(1, chooser.randrange(2, 40))),
            workers=tuple(
                worker(number, state="busy", job=text(50), elapsed=5, command=text(200))
                for number in range(chooser.randrange(9))
            ),
        )
        seen.home, seen.filter, seen.message = text(80), text(60), text(200)
        seen.prompt = chooser.choice([None, text(200)])
        seen.selected = chooser.choice(seen.snapshot.jobs).number
        seen.tail = Tail(seen.snapshot.jobs[0], 1, 9, text(2_000))
        for mode in (JOBS, OUTPUT, HELP):
            for on in (screen(color="always"), screen("ascii")):
                seen.mode = mode
                lines = picture(seen, columns, rows, on)
                assert len(lines) == rows, seed
                for line in lines:
                    assert painted_width(line) <= columns, (seed, columns, line)
                    line.encode(on.encoding)


def test_the_table_and_the_controller_agree_on_how_many_jobs_there_is_room_for() -> None:
    for rows in range(1, 40):
        seen = look(*[made(number) for number in range(1, 100)], workers=(worker(), worker(2)))
        shown = sum("job-" in line for line in drawn(seen, 80, rows))
        assert shown == body_rows(seen, 80, rows, screen())


@pytest.mark.parametrize(
    "fields, shown",
    [
        ({"run_at": NOW - 60_000, "created_at": NOW - 5_000}, "5s ago"),
        ({"run_at": NOW - 5_000, "created_at": NOW - 60_000}, "5s ago"),
        ({"state": "held", "run_at": NOW + 60_000, "created_at": NOW - 5_000}, "5s ago"),
    ],
)
def test_a_pending_job_shows_since_when_it_waits(fields: dict[str, Any], shown: str) -> None:
    assert f"  {shown}  " in next(line for line in drawn(look(made(**fields))) if "job-1" in line)


# --- alerts


def test_each_alert_is_a_line_with_the_command_that_helps() -> None:
    lines = drawn(alarmed("error", "info"))
    assert lines[3:5] == ["error\\x07: queuectl fix", "info\\x07: queuectl fix"]


def test_alerts_are_colored_by_their_level() -> None:
    painted = picture(alarmed(*LEVELS), 100, 30, screen(color="always"))[3:6]
    assert [SGR.match(line) is not None for line in painted] == [True] * 3
    assert len({line[:5] for line in painted}) == 3


@pytest.mark.parametrize(("rows", "shown"), [(7, 0), (11, 1), (12, 2), (30, 5)])
def test_alerts_take_a_sixth_of_the_screen_and_say_where_the_rest_is(rows: int, shown: int) -> None:
    lines = drawn(alarmed(*["error"] * 9), rows=rows)
    found = [line for line in lines if "queuectl fix" in line or line == "more alerts: queuectl status"]
    assert len(found) == shown and len(lines) <= rows
    assert found[-1:] == ["more alerts: queuectl status"] * bool(shown)
