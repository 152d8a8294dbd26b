"""What `python3 -m tests` prints of each file."""

from __future__ import annotations

from tests.__main__ import in_parts, summary

SKIPPED = "SKIPPED [1] tests/model/test_x.py:2: needs fish"


def test_a_file_that_passed_is_one_line() -> None:
    assert summary("tests/x.py", ".. [100%]\n2 passed in 0.03s\n") == "tests/x.py: 2 passed in 0.03s"


def test_why_tests_were_skipped_is_shown_and_no_line_begins_with_a_count() -> None:
    output = f"s. [100%]\n=== short test summary info ===\n{SKIPPED}\n=== 1 passed, 1 skipped in 0.03s ===\n"
    assert summary("tests/x.py", output).split("\n") == [SKIPPED, "tests/x.py: 1 passed, 1 skipped in 0.03s"]


def test_each_file_is_in_one_part_and_short_ones_share_it() -> None:
    files = ["tests/test_a.py", "tests/engine/test_b.py", "tests/engine/work/test_c.py", "tests/model/test_d.py"]
    files += ["tests/model/test_e.py"]
    assert list(in_parts(files, 1)) == [[files[0]], [files[1]], [files[2]], files[3:]]
    assert list(in_parts(files, 30)) == [[files[0]], files[1:3], files[3:]]
