"""The menu adds a job for each input."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontends.talking import Talk


def test_a_batch_is_added_from_inputs_and_from_an_array(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mkv", "b c.mkv"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    talk = Talk(home, "14", "Add a batch", "run {/.}", '*.mkv "x y" ::: 1', "n", "exit")
    assert "Jobs added: batch-1, 3 jobs, job-1 to job-3" in talk.out
    assert talk.commands == ["queuectl add 'run {/.}' ::: a.mkv 'b c.mkv' 'x y' ::: 1"]
    talk = Talk(home, "14", "Add a batch", "part", "", "y", "", "", "0-3%2", "parts", "exit")
    assert talk.commands == ["queuectl add --array 0-3%2 --batch parts part"]
    assert "Jobs added: parts, 4 jobs, job-4 to job-7" in talk.out
