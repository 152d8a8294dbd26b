"""Commands with placeholders: which they are, and that the shell reads each value as it is, wherever it stands."""

from __future__ import annotations

import random
import subprocess

import pytest

from queuectl.model.inputs import Source, Template, combinations, grid, names_of

ONE = ("1",)


def filled(command: str | list[str], *values: str, names: tuple[str, ...] = (), number: int = 1) -> str:
    columns = names or tuple(str(at) for at in range(1, len(values) + 1))
    return Template(command, columns).fill(values, number)


def refused(command: str | list[str], names: tuple[str, ...] = ONE) -> str:
    with pytest.raises(ValueError) as caught:
        Template(command, names)
    return str(caught.value)


def read_by_the_shell(*commands: str) -> list[list[str]]:
    """Return the arguments that a shell gives the command of each of these, which is `show`."""
    script = "show() { printf '%s\\0' \"$@\"; printf '\\1'; }\n" + "\n".join(commands)
    out = subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()
    return [part.split("\0")[:-1] for part in out.split("\1")[:-1]]


@pytest.mark.parametrize(
    ("value", "forms"),
    [
        ("/x/y.tar.gz", ["/x/y.tar", "y.tar.gz", "/x", "y.tar"]),
        ("a.b/c", ["a.b/c", "c", "a.b", "c"]),
        ("plain", ["plain", "plain", ".", "plain"]),
        ("dir/", ["dir/", "", ".", ""]),
        (".hidden", ["", ".hidden", ".", ""]),
        ("../..", ["../.", "..", "..", "."]),
        ("", ["", "", ".", ""]),
        ("x.", ["x", "x.", ".", "x"]),
        ("a/.b", ["a/", ".b", "a", ""]),
        ("/root", ["/root", "root", "/", "root"]),
        ("/", ["/", "", "/", ""]),
        ("a//b", ["a//b", "b", "a", "b"]),
    ],
)
def test_a_path_has_the_forms_that_parallel_gives_it(value: str, forms: list[str]) -> None:
    (found,) = read_by_the_shell(filled("show {.} {/} {//} {/.}", value))
    assert found == forms
    assert filled("show {1.} {1/} {1//} {1/.}", value) == filled("show {.} {/} {//} {/.}", value)


def test_a_command_without_a_place_for_the_item_may_take_it_from_its_variable() -> None:
    for command in ("cat <<E\n$QUEUECTL_ITEM\nE", "echo ${QUEUECTL_ITEM%.x} # end"):
        assert filled(command, "a b") == command
    assert filled("echo $QUEUECTL_ITEM", "a") == "echo $QUEUECTL_ITEM a"
    with pytest.raises(ValueError, match="write {}"):
        filled("cat <<E\n$QUEUECTL_ITEMS\nE", "a")


def test_the_item_is_appended_where_no_placeholder_stands() -> None:
    assert filled("echo", "a b") == "echo 'a b'"
    assert filled("echo \n", "a", "b c") == "echo a 'b c'"
    assert filled(["echo", "x y"], "it's") == "echo 'x y' 'it'\\''s'"


def test_all_of_several_sources_stand_in_the_place_of_empty_braces() -> None:
    assert filled("cp {} {/} {2} {1.} {#}", "a/b c.d", "x", number=7) == "cp 'a/b c.d' x 'b c.d' x x 'a/b c' 7"
    assert filled('echo "{}"', "a b", "$x") == 'echo "a b \\$x"'


def test_a_column_is_named_or_counted() -> None:
    names = ("to", "First name")
    assert filled("m {First name} {to/} {2} {1.}", "a/b.c", "x y", names=names) == "m 'x y' b.c 'x y' a/b"


@pytest.mark.parametrize(
    "command", ["echo ${1} ${x} ${}", "echo {a,b} {1..3} { } {}", "awk { print }", r"echo \{} \{1}"]
)
def test_other_braces_stay(command: str) -> None:
    assert filled(command, "v").replace("v", "") in (command.replace(" {}", " "), command + " ")


def test_words_are_quoted_as_a_whole() -> None:
    assert filled(["mv", "{}", "to/{/.}.txt", "$HOME", "${1}"], "a b.c") == "mv 'a b.c' 'to/a b.txt' '$HOME' '${1}'"


@pytest.mark.parametrize(
    ("command", "names", "problem"),
    [
        ("echo {2}", ONE, "there is no input {2}; known are {1}"),
        ("echo {0}", ONE, "there is no input {0}"),
        ("echo {99999999999999999999}", ONE, "there is no input"),
        ("echo {%}", ONE, "there is no input {%}"),
        ("echo {= s/a/b/ =}", ONE, "there is no input"),
        ("echo {-1}", ONE, "there is no input {-1}"),
        ("echo {nam}", ("name",), 'there is no input {nam} (did you mean "name"?)'),
        ("echo {nam.}", ("name",), "there is no input {nam.}"),
        (["echo", "{2}"], ONE, "there is no input {2}"),
        ("echo `cat {}`", ONE, "stands within `...`"),
        ("echo ${x:-{}}", ONE, "stands within ${...}"),
        ('echo "${x:-{}}"', ONE, "stands within ${...}"),
        ("echo a # {}", ONE, "stands in a comment"),
        ("# {}", ONE, "stands in a comment"),
        ("cat <<E\n{}\nE", ONE, "here-document"),
        ("cat <<-E\nE\necho {}", ONE, "here-document"),
        ("echo $'a' {}", ONE, "behind $'...'"),
        ('echo "$(case {} in a) echo {};; esac)"', ONE, "behind case"),
        ('echo "${x:-\'}" {}', ONE, "behind a quote within ${...}"),
        ("echo 'a", ONE, "no item can follow"),
        ("sleep 1 &", ONE, "no item can follow"),
        ("echo a # b", ONE, "no item can follow"),
        ("cat <<E\nE", ONE, "no item can follow"),
    ],
)
def test_a_placeholder_that_would_be_misread_is_refused(
    command: str | list[str], names: tuple[str, ...], problem: str
) -> None:
    assert problem in refused(command, names)


def test_a_here_string_and_a_shift_are_no_here_document() -> None:
    assert filled("cat <<< x; echo {}", "a b") == "cat <<< x; echo 'a b'"
    assert filled("echo $((1 << 2)) {}", "a b") == "echo $((1 << 2)) 'a b'"


def test_a_number_before_a_redirection_is_an_argument() -> None:
    assert read_by_the_shell("show " + filled("{}>&1; show {}", "2")) == [["2"], ["2"]]


def test_an_assignment_is_none_where_a_value_looks_like_one() -> None:
    assert filled("{} b", "A=x") == "'A=x' b"


PLACES = [
    "show {}",
    "show x{}y",
    "show '{}'",
    'show "{}"',
    "show a'b{}'c",
    'show "a {} b"{}',
    "show 'x' \"y\" {} \\' {}",
    'show "$(printf %s {}x)"',
    'show "$(printf %s "{}x")"',
    "show \"$(printf %s '{}x')\"",
    'show "$(printf %s "$(printf %s {}x)y")"',
    'show "$( (printf %s {}x) )" {}',
    "{ show {}; }",
    "(show {})",
    "case x in x) show {} ;; esac",
    'case {} in *) show "{}" ;; esac # it\'s over',
    "show `echo a` {}",
    'show ${x:-a} "${x:-a}" {}',
    "show $((1 + (2 * 3))) {}",
    "show a#b {} # 'comment",
    'show \\\\{} \\" {}',
    "show a \\\n {}",
    "if true; then\n show {}\nfi",
]
ODD = " \t\n'\"\\$`!*?[]{}()<>|&;#~=%,-a1é\U0001f600"


@pytest.mark.parametrize("seed", [random.randrange(1 << 32)], ids="seed={}".format)
def test_the_shell_reads_every_value_as_it_is(seed: int) -> None:
    rand = random.Random(seed)
    values = [
        "",
        "a b",
        "it's",
        '"',
        "$(exit 3)",
        "`exit 3`",
        "; exit 3",
        "\\",
        "a\\",
        "-n",
        "*",
        "~",
        "$HOME",
        "\n",
        "!",
    ]
    values += ["".join(rand.choice(ODD) for _ in range(rand.randrange(1, 12))) for _ in range(40)]
    plain = [place.replace("{}", "@") for place in PLACES]
    wanted = [[word.replace("@", value) for word in words] for value in values for words in read_by_the_shell(*plain)]
    assert read_by_the_shell(*(filled(place, value) for value in values for place in PLACES)) == wanted


def test_sources_make_a_grid_whose_last_one_changes_first() -> None:
    sources = [Source.of_items(["a", "b"]), Source([("1", "x"), ("2", "y")], ("n", "m"))]
    assert list(grid(sources)) == [("a", "1", "x"), ("a", "2", "y"), ("b", "1", "x"), ("b", "2", "y")]
    assert names_of(sources) == ("1", "n", "m")
    assert combinations(sources) == 4


def test_two_inputs_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match='two inputs are called "2"'):
        names_of([Source([("x",)], ("2",)), Source.of_items(["a"])])


def test_a_product_is_counted_without_being_made() -> None:
    assert combinations([Source.of_items(["x"] * 1000)] * 4) == 10**12
