"""Rows as tables that fit, and as formats that programs read back."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from typing import Iterator, Mapping, Sequence

import pytest

from queuectl.frontends.render import HELD_ROWS, IMPORTANT, record_text, rows_text
from queuectl.frontends.terminal import Terminal
from queuectl.frontends.text import width
from queuectl.model import when
from queuectl.model.kinds import BYTES, DURATION, FLAG, NAMES, NUMBER, REAL, TEXT, TIME, VARIABLES, Kind
from queuectl.model.noun import Noun, many, maybe
from tests.frontends.test_terminal import EncodedTty, Tty, written
from tests.support import FakeClock

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z
KINDS: dict[str, Kind] = {
    **dict.fromkeys(("attempts", "number", "exit_code"), NUMBER),
    **dict.fromkeys(("on", "paused"), FLAG),
    **dict.fromkeys(("duration", "timeout"), DURATION),
    "tags": NAMES,
    "empty": many(TEXT),
    "rate": REAL,
    "size": BYTES,
    "env": VARIABLES,
    "created_at": TIME,
}
COLUMNS = ("id", "state", "attempts", "duration", "created_at", "command")


def job(number: int = 1, **fields: object) -> dict[str, object]:
    return {
        "id": f"job-{number}",
        "state": "pending",
        "attempts": number,
        "duration": 1500,
        "command": "true",
        "created_at": NOW - 12_000,
        "queue": "default",
        **fields,
    }


def noun(*names: str) -> Noun:
    """Return a noun with these keys, of the kinds that jobs have there; all may be missing."""
    return Noun("thing", **{name: maybe(KINDS.get(name, TEXT)) for name in names})


def pipe() -> Terminal:
    return Terminal(io.StringIO(), io.StringIO(), environ={}, clock=FakeClock(NOW))


def tty(columns: int = 80, color: str = "never", quiet: bool = False) -> Terminal:
    return Terminal(Tty(), Tty(), environ={"COLUMNS": str(columns)}, clock=FakeClock(NOW), color=color, quiet=quiet)


def text(
    rows: Sequence[Mapping[str, object]],
    fmt: str,
    terminal: Terminal,
    columns: tuple[str, ...] = COLUMNS,
    chosen: bool = False,
) -> str:
    kind = noun(*(rows[0] if rows else columns))
    return "".join(rows_text(rows, kind, columns, fmt, terminal, chosen=chosen, note=terminal.note))


def said(terminal: Terminal) -> str:
    assert isinstance(terminal.err.stream, io.StringIO)
    return terminal.err.stream.getvalue()


# --- tables


def test_a_table_on_a_terminal() -> None:
    rows = [job(1, state="completed"), job(12, created_at=NOW + 180_000, duration=None)]
    assert text(rows, "table", tty()) == (
        "ID      STATE      ATTEMPTS  DURATION  CREATED_AT  COMMAND\n"
        "job-1   completed         1      1.5s  12s ago     true\n"
        "job-12  pending          12         -  in 3m       true\n"
    )


def test_a_table_in_a_pipe_has_absolute_times_and_is_never_cut() -> None:
    command = "echo " + "x" * 150
    printed = text([job(command=command), job(2)], "table", pipe())
    assert command in printed
    assert "2025-12-31T23:59:48.000Z" in printed
    starts = {line.index(word) for line, word in zip(printed.splitlines(), ("COMMAND", "echo", "true"))}
    assert len(starts) == 1
    assert "\x1b" not in printed


def test_one_enormous_cell_does_not_widen_every_other_row() -> None:
    rows = [job(1, command="x" * 60_000), *map(job, range(2, 50))]
    printed = text(rows, "table", pipe(), ("command", "id"))
    assert "x" * 60_000 in printed
    assert len(printed) < 60_000 + 50 * 250


def test_cells_escape_control_characters_and_keep_to_one_line() -> None:
    hostile = "\x1b[2J\u202e\nfake  row\t\r"
    for terminal in (tty(200), pipe()):
        printed = text([job(command=hostile)], "table", terminal)
        assert printed.count("\n") == 2
        assert r"\x1b[2J\u202e\nfake  row\t\r" in printed


def test_values_of_each_type_have_a_form() -> None:
    row: dict[str, object] = {"tags": ["a", "b"], "empty": [], "on": True, "rate": 0.1 + 0.2, "size": 12_900_000}
    row.update(env={"A": "é"}, gone=None, text="")
    printed = text([row], "table", tty(200), tuple(row))
    assert printed.splitlines()[1].split() == ["a,b", "-", "yes", "0.3", "12.3", "MiB", '{"A":', '"é"}', "-"]


def test_numbers_stand_on_the_right_and_answers_do_not() -> None:
    rows: list[dict[str, object]] = [
        {"number": 7, "paused": True, "name": "x"},
        {"number": None, "paused": False, "name": "y"},
    ]
    assert text(rows, "table", pipe(), ("number", "paused", "name")).splitlines()[1:] == [
        "     7  yes     x",
        "     -  no      y",
    ]


def test_only_state_cells_get_the_color_of_their_state() -> None:
    printed = text([job(state="dead", command="dead")], "table", tty(color="always"))
    assert printed.splitlines()[1].count("\x1b[31mdead\x1b[0m") == 1
    assert printed.splitlines()[1].endswith("  dead")


def test_color_changes_nothing_but_color() -> None:
    rows = [job(state=state) for state in ("dead", "pending", "completed", "processing")]
    colored = text(rows, "table", tty(60, color="always"))
    assert re.sub(r"\x1b\[\d+m", "", colored) == text(rows, "table", tty(60))
    assert colored != text(rows, "table", tty(60))


def test_no_rows_are_a_header_or_nothing() -> None:
    assert [text([], fmt, pipe(), ("id", "state")) for fmt in ("table", "json", "jsonl", "csv", "tsv")] == [
        "ID  STATE\n",
        "[]\n",
        "",
        '"id","state"\r\n',
        "id\tstate\n",
    ]


# --- fitting


def test_hidden_columns_are_mentioned_once_and_not_when_quiet() -> None:
    narrow, quiet, wide = tty(45), tty(45, quiet=True), tty(100)
    for terminal in (narrow, quiet, wide):
        text([job(command="x" * 50)] * 5, "table", terminal)
    assert said(narrow) == "3 columns hidden, use -o json or a wider\n  terminal\n"
    assert said(quiet) == said(wide) == ""


def test_a_clipped_cell_says_so() -> None:
    printed = text([job(command="x" * 90)], "table", tty(40), ("id", "command"))
    assert printed.splitlines()[1] == "job-1  " + "x" * 32 + "…"


def random_text(rng: random.Random) -> str:
    ranges = [(0, 0x20), (0x20, 0x7F), (0x7F, 0x300), (0x300, 0x370), (0x600, 0x700), (0x2000, 0x2100)]
    ranges += [(0x3040, 0x3100), (0x4E00, 0x9FFF), (0xD800, 0xE000), (0x1F300, 0x1FB00), (0xE0000, 0xE0080)]
    ranges += [(0, 0x110000)]
    return "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randrange(60)))


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_no_line_of_a_table_is_wider_than_the_terminal(encoding: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    rng = random.Random(seed)
    names = [*IMPORTANT, "queue", "created_at", "duration", "size"]
    for columns in range(20, 201, 3):
        out = EncodedTty(io.BytesIO(), encoding=encoding)
        terminal = Terminal(out, Tty(), environ={"COLUMNS": str(columns)}, clock=FakeClock(NOW))
        shown = rng.sample(names, rng.randrange(1, len(names)))
        rows = [{name: rng.randrange(2**40) if name in KINDS else random_text(rng) for name in shown} for _ in range(6)]
        widest = max(width(terminal.safe(str(row.get("id", "")))) for row in rows)
        for line in text(rows, "table", terminal, tuple(shown)).splitlines():
            plain = re.sub(r"\x1b\[\d+m", "", line)
            assert width(plain) <= max(columns, widest), f"seed {seed}: {line!r}"
            assert line.encode(encoding).decode(encoding) == line


def test_a_table_in_an_ascii_locale_is_ascii_and_aligned() -> None:
    out = EncodedTty(io.BytesIO(), encoding="ascii")
    terminal = Terminal(out, Tty(), environ={"COLUMNS": "40"}, clock=FakeClock(NOW), color="never")
    terminal.out.write(text([job(id="é", command="日" * 30), job(2)], "table", terminal, ("id", "command")))
    assert written(out).decode("ascii") == ("ID     COMMAND\n\\xe9   " + ("\\u65e5" * 6)[:32] + "~\njob-2  true\n")


# --- machine formats


@pytest.mark.parametrize("fmt", ["json", "jsonl"])
def test_json_holds_all_keys_unless_columns_were_chosen(fmt: str) -> None:
    def parsed(chosen: bool) -> object:
        printed = text([job(1), job(2, command=None)], fmt, pipe(), ("id", "command"), chosen)
        return json.loads(printed) if fmt == "json" else [json.loads(line) for line in printed.splitlines()]

    assert parsed(True) == [{"id": "job-1", "command": "true"}, {"id": "job-2", "command": None}]
    shown = {"duration": 1.5, "created_at": "2025-12-31T23:59:48.000Z"}
    assert parsed(False) == [{**job(1), **shown}, {**job(2), **shown, "command": None}]


def test_whole_seconds_stay_integers_in_json() -> None:
    assert text([{"timeout": 300_000}], "jsonl", pipe(), ("timeout",)) == '{"timeout": 300}\n'


def test_json_is_safe_to_look_at_and_loses_nothing() -> None:
    command = "\x1b\x7f\x9b\u202e\n日本\udcff"
    for terminal in (tty(), pipe()):
        printed = text([job(command=command)], "jsonl", terminal)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", printed)
        assert "日本" in printed
        assert json.loads(printed)["command"] == command


def test_json_is_ascii_where_the_stream_is_not_utf8() -> None:
    terminal = Terminal(EncodedTty(io.BytesIO(), encoding="latin-1"), Tty(), environ={})
    printed = text([job(command="é日")], "json", terminal)
    assert printed.isascii()
    assert json.loads(printed)[0]["command"] == "é日"


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError):
        text([job(rate=float("nan"))], "json", pipe())


def test_machine_formats_never_show_relative_times_or_color() -> None:
    for fmt in ("json", "jsonl", "csv", "tsv"):
        printed = text([job(state="dead")], fmt, tty(20, color="always"))
        assert "2025-12-31T23:59:48.000Z" in printed
        assert "1.5" in printed
        assert "\x1b" not in printed
        assert "ago" not in printed


def test_csv_reads_back() -> None:
    command = "printf \"a,b\n%s\" 'x'\ttab;semi"
    printed = text([job(command=command, duration=None, tags=["a", "b"])], "csv", pipe(), (*COLUMNS, "tags"))
    assert list(csv.reader(io.StringIO(printed, newline=""))) == [
        [*COLUMNS, "tags"],
        ["job-1", "pending", "1", "", "2025-12-31T23:59:48.000Z", command, "a,b"],
    ]
    assert printed.endswith("\r\n")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_cells_are_not_formulas(start: str) -> None:
    printed = text([{"command": start + "cmd", "exit_code": -9}], "csv", pipe(), ("command", "exit_code"))
    assert list(csv.reader(io.StringIO(printed, newline="")))[1] == ["'" + start + "cmd", "-9"]
    listed = text([{"tags": [start + "cmd"]}], "csv", pipe(), ("tags",))
    assert listed.splitlines()[1].startswith("\"'")


def test_csv_is_escaped_on_a_terminal_and_verbatim_in_a_pipe() -> None:
    rows = [{"command": "\x1b[2J"}]
    assert "\x1b" not in text(rows, "csv", tty(), ("command",))
    assert '"\x1b[2J"' in text(rows, "csv", pipe(), ("command",))


def test_tsv_is_one_line_a_row_with_a_reversible_escape() -> None:
    command = "a\tb\nc\\n\rd"
    row: dict[str, object] = {"command": command, "error": None, "exit_code": 0}
    printed = text([row], "tsv", pipe(), tuple(row))
    assert printed == "command\terror\texit_code\na\\tb\\nc\\\\n\\rd\t\t0\n"
    cell = printed.splitlines()[1].split("\t")[0]
    codes = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
    assert re.sub(r"\\(.)", lambda match: codes[match.group(1)], cell) == command


def test_rows_are_streamed_where_a_format_allows_it() -> None:
    rows = ReadRows(1_000_000_000)
    for fmt in ("json", "jsonl", "csv", "tsv"):
        lines = rows_text(rows, noun(*job()), COLUMNS, fmt, pipe(), note=print)
        assert len([next(lines) for _ in range(3)]) == 3


def test_a_long_table_is_read_twice_rather_than_held() -> None:
    rows = ReadRows(HELD_ROWS + 1)
    lines = rows_text(rows, noun(*job()), COLUMNS, "table", pipe(), note=print)
    wide = len(next(lines))
    assert rows.read == len(rows)
    assert next(lines).startswith("job-0     ")
    assert rows.read == len(rows) + 1
    assert sum(1 for line in lines if len(line) > wide) == 0


class ReadRows:
    """So many rows, which are made when they are read."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.read = 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[dict[str, object]]:
        for number in range(self.count):
            self.read += 1
            yield job(number)


# --- one thing


def record(fmt: str, terminal: Terminal, **fields: object) -> str:
    values = {"id": "job-1", "state": "dead", "created_at": NOW - 12_000, **fields}
    return "".join(record_text(values, noun(*values), fmt, terminal))


def test_a_record_is_a_line_for_each_field() -> None:
    assert record("table", pipe(), exit_code=None, timeout=90_000) == (
        "id:         job-1\nstate:      dead\ncreated_at: 2025-12-31T23:59:48.000Z\nexit_code:  -\ntimeout:    1m 30s\n"
    )


def test_a_record_on_a_terminal_has_both_forms_of_a_time() -> None:
    assert f"created_at: {when.local(NOW - 12_000)} (12s ago)\n" in record("table", tty())


def test_a_record_colors_its_state() -> None:
    assert "\x1b[31mdead\x1b[0m\n" in record("table", tty(color="always"))


def test_further_lines_of_a_value_cannot_pass_for_fields() -> None:
    printed = record("table", pipe(), command="a\nstate: completed\n\x1b[2J\n")
    assert printed.endswith("command:    a\n            state: completed\n            \\x1b[2J\n")


def test_a_record_in_the_machine_formats() -> None:
    terminal = pipe()
    shown = {"id": "job-1", "state": "dead", "created_at": "2025-12-31T23:59:48.000Z"}
    assert json.loads(record("json", terminal)) == shown
    assert len(record("jsonl", terminal).splitlines()) == 1
    assert record("csv", terminal).splitlines()[1] == '"job-1","dead","2025-12-31T23:59:48.000Z"'
    assert record("tsv", terminal).splitlines()[0] == "id\tstate\tcreated_at"


def test_sentences_continue_in_the_next_line_and_words_in_them_stay_whole() -> None:
    rows = [{"name": "one", "help": "by a user of the long-winded-identifier kind"}, {"name": "two", "help": "short"}]
    assert text(rows, "table", tty(32), ("name", "help")).splitlines() == [
        "NAME  HELP",
        "one   by a user of the",
        "      long-winded-identifier",
        "      kind",
        "two   short",
    ]
