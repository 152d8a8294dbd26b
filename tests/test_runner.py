"""What `python3 -m tests` prints of each file."""

from __future__ import annotations

from tests.__main__ import summary

SKIPPED = "SKIPPED [1] tests/model/test_x.py:2: needs fish"


def test_a_file_that_passed_is_one_line() -> None:
    assert summary("tests/x.py", ".. [100%]\n2 passed in 0.03s\n") == "tests/x.py: 2 passed in 0.03s"


def test_why_tests_were_skipped_is_shown_and_no_line_begins_with_a_count() -> None:
    output = f"s. [100%]\n=== short test summary info ===\n{SKIPPED}\n=== 1 passed, 1 skipped in 0.03s ===\n"
    assert summary("tests/x.py", output).split("\n") == [SKIPPED, "tests/x.py: 1 passed, 1 skipped in 0.03s"]
