"""What a job inherits from its caller, valid shells, and commands without a shell."""

from __future__ import annotations

import random
import shlex
import time

import pytest

from queuectl.model.checks import MAX_ENV_BYTES, MAX_ENV_KEYS, MAX_ENV_VALUE_BYTES
from queuectl.model.surroundings import (
    MAX_STDIN_BYTES,
    OF_LOGIN,
    OF_TERMINAL,
    check_inherit,
    check_shell,
    check_stdin,
    inherited,
    umask_text,
    words_of,
)
from tests.model.specs import parse, problems, refused

SEED = time.time_ns()
USUAL = {"LANG": "C", "LC_ALL": "C", "LC_TIME": "C", "TZ": "UTC", "VIRTUAL_ENV": "/v", "CONDA_PREFIX": "/c"}
LOGIN = dict.fromkeys(OF_LOGIN, "1")
SECRETS = {"API_TOKEN": "hush", "AWS_SECRET_ACCESS_KEY": "hush", "LC_PASSWORD": "hush", "CONDA_TOKEN": "hush"}
OWN = {"QUEUECTL_HOME": "/q", "QUEUECTL_TIMEOUT": "3"}
OTHERS = {"CUDA_HOME": "/cuda", "CUDA_DEVICE": "3", "DEBUG": "1"}
ENVIRON = {
    **USUAL,
    **LOGIN,
    **SECRETS,
    **OWN,
    **OTHERS,
    **dict.fromkeys(OF_TERMINAL, "x"),
    "PATH": "/bin",
    "BASH_FUNC_f%%": "() { :; }",
    "with-dash": "1",
}


def taken(*words: str, has_usual: bool = True) -> dict[str, str]:
    found, left_out = inherited(ENVIRON, words, has_usual=has_usual)
    assert left_out == []
    return found


def test_a_caller_gives_the_usual_variables_and_those_of_its_login() -> None:
    assert taken() == taken("default") == {**USUAL, **LOGIN}


def test_without_a_caller_only_named_variables_are_taken() -> None:
    assert taken(has_usual=False) == {}
    assert taken("DEBUG", has_usual=False) == {"DEBUG": "1"}
    assert taken("default", has_usual=False) == {**USUAL, **LOGIN}


def test_named_variables_come_in_addition_to_the_usual_ones() -> None:
    assert taken("CUDA_*", "NOT_SET") == {**USUAL, **LOGIN, "CUDA_HOME": "/cuda", "CUDA_DEVICE": "3"}


@pytest.mark.parametrize("pattern", ["D?BUG", "D[A-F]BUG", "*BUG", "DEBUG"])
def test_a_pattern_means_what_it_means_for_file_names(pattern: str) -> None:
    assert taken("none", pattern) == {"DEBUG": "1"}


def test_none_takes_only_named_variables() -> None:
    assert taken("none") == {}
    assert taken("none", "DEBUG") == {"DEBUG": "1"}


def test_all_takes_everything_except_secrets_and_variables_of_the_terminal() -> None:
    for has_usual in (True, False):
        assert taken("all", has_usual=has_usual) == {**USUAL, **LOGIN, **OTHERS}


@pytest.mark.parametrize("words", [("all",), ("*",), ("*_TOKEN",), ("API_*",), ("?PI_TOKEN",), ("LC_*", "CONDA_*")])
def test_no_secret_is_taken_by_a_pattern(words: tuple[str, ...]) -> None:
    assert taken(*words).keys() & SECRETS.keys() == set()


@pytest.mark.parametrize("base", [(), ("all",), ("none",), ("default",)])
def test_a_secret_is_taken_under_its_full_name(base: tuple[str, ...]) -> None:
    assert taken(*base, "API_TOKEN").keys() & SECRETS.keys() == {"API_TOKEN"}


def test_a_variable_of_the_terminal_is_taken_under_its_full_name() -> None:
    assert taken("none", "TERM") == {"TERM": "x"}
    assert taken("none", "*").keys() & OF_TERMINAL == set()


def test_our_own_variables_are_never_taken() -> None:
    assert taken("all", "*").keys() & OWN.keys() == set()


def test_a_value_that_is_not_a_text_is_taken_as_it_is() -> None:
    assert inherited({"DEBUG": "\udcff"}, ["DEBUG"], has_usual=False) == ({"DEBUG": "\udcff"}, [])


def test_variables_beyond_the_limit_are_left_out_and_named_ones_come_first() -> None:
    many = {f"V{number:03}": "x" for number in range(MAX_ENV_KEYS + 20)}
    found, left_out = inherited({**many, "ZZ": "last"}, ["all", "ZZ"], has_usual=True)
    assert len(found) == MAX_ENV_KEYS and "ZZ" in found
    assert left_out == sorted(many)[MAX_ENV_KEYS - 1 :]


def test_a_value_that_is_too_long_is_left_out_and_others_are_taken() -> None:
    long, longest = "x" * (MAX_ENV_VALUE_BYTES + 1), "y" * MAX_ENV_VALUE_BYTES
    assert inherited({"A": long, "B": longest}, ["all"], has_usual=True) == ({"B": longest}, ["A"])
    large = {f"V{number}": longest for number in range(MAX_ENV_BYTES // MAX_ENV_VALUE_BYTES)}
    found, left_out = inherited({**large, "W": "1"}, ["all"], has_usual=True)
    assert "W" in found and left_out == [max(large)]


@pytest.mark.parametrize(
    "given, words",
    [
        ("all", ("all",)),
        (" LANG , CUDA_* ,LANG", ("LANG", "CUDA_*")),
        (["none", "A[!0-9]?"], ("none", "A[!0-9]?")),
        (None, None),
    ],
)
def test_words_are_taken_as_a_text_or_a_list(given: object, words: object) -> None:
    assert check_inherit(given, 0) == words


@pytest.mark.parametrize(
    "given", ["", " , ", [], [""], 3, True, {"A": "b"}, [3], "A=b", "A B", "ä", "x" * 129, ["A,B"], ["A"] * 101]
)
def test_an_invalid_name_or_pattern_is_refused(given: object) -> None:
    assert "must be all, none, default, or" in refused("inherit_env", given)


@pytest.mark.parametrize("given", ["all,none", "none,default", "A,all,default"])
def test_two_beginnings_are_refused(given: str) -> None:
    assert "at most one of all, none and default" in refused("inherit_env", given)


def test_our_own_variables_cannot_be_named() -> None:
    assert "variables that start with QUEUECTL_ are never inherited" in refused("inherit_env", "A,QUEUECTL_HOME")


@pytest.mark.parametrize("umask, text", [(0o22, "0022"), (0, "0000"), (0o777, "0777"), (None, None)])
def test_a_umask_is_shown_in_octal(umask: int | None, text: str | None) -> None:
    assert umask_text(umask) == text


@pytest.mark.parametrize("shell, kept", [("bash", "bash"), (" None ", "none"), ("/opt/my shell", "/opt/my shell")])
def test_a_shell_is_a_name_a_path_or_none(shell: str, kept: str) -> None:
    assert check_shell(shell, 0) == parse(shell=shell).shell == kept


@pytest.mark.parametrize("shell", ["", " ", "bin/sh", "./sh", "bash -x", "-x", "a\0b", "/a\0b", "/\udcff", None, 3])
def test_an_invalid_shell_is_refused(shell: object) -> None:
    assert "shell must be" in refused("shell", shell)


def test_any_words_are_the_same_after_they_were_quoted() -> None:
    random_ = random.Random(SEED)
    letters = "ab '\"\\\n\t\r#$*`~=-é\u00a0\u2028"
    for _ in range(300):
        words = ["x", *("".join(random_.choices(letters, k=random_.randrange(6))) for _ in range(4))]
        assert words_of(" ".join(map(shlex.quote, words))) == words, f"seed {SEED}"


@pytest.mark.parametrize("command", ["echo 'a", 'echo "', "echo \\"])
def test_a_command_that_cannot_be_split_is_refused_without_a_shell(command: str) -> None:
    (problem,) = problems(command=command, shell="none")
    assert problem.startswith("command must be words, since its shell is none")
    assert parse(command=command, shell="bash").command == command


@pytest.mark.parametrize("command", ["''", "'' a"])
def test_a_command_without_a_program_is_refused_without_a_shell(command: str) -> None:
    assert "command must begin with a program" in problems(command=command, shell="none")[0]


def test_a_command_without_a_shell_may_contain_its_special_characters() -> None:
    assert parse(command="a | b", shell="none").command == "a | b"


def test_standard_input_is_a_text_or_bytes_up_to_its_limit() -> None:
    assert check_stdin("é\n", 0) == "é\n".encode()
    assert check_stdin(b"\0\xff", 0) == b"\0\xff"
    assert check_stdin("", 0) is check_stdin(None, 0) is None
    assert len(parse(stdin=b"x" * MAX_STDIN_BYTES).stdin or b"") == MAX_STDIN_BYTES


@pytest.mark.parametrize("given", [b"x" * (MAX_STDIN_BYTES + 1), "é" * (MAX_STDIN_BYTES // 2 + 1)])
def test_more_standard_input_than_is_kept_is_refused_without_being_shown(given: object) -> None:
    (problem,) = problems(stdin=given)
    assert problem == "stdin: must be at most 1048576 bytes long; let the command read a file"


@pytest.mark.parametrize("given", [3, [], True, "\ud800"])
def test_only_a_text_or_bytes_can_be_standard_input(given: object) -> None:
    assert "must be" in problems(stdin=given)[0]
