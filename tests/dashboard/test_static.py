"""Pages and what they load."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from queuectl.dashboard.http.static import Navigation, names, read
from tests.dashboard.conftest import Served
from tests.support import ROOT


def test_a_page_of_any_path_is_the_same_document_with_the_token(served: Served) -> None:
    pages = [*Navigation().pages, "/jobs/a%3Ab", "/jobs?q=state%3Adead"]
    answers = [served.ask("GET", path) for path in pages]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert f'<meta name="queuectl-token" content="{served.token}">'.encode() in answers[0].body
    assert b'<meta name="queuectl-read-only" content="false">' in answers[0].body
    assert b"@" not in answers[0].body
    assert answers[0].headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/jobs/",
        "/jobs/a/b",
        "/queues/a",
        "/index.html",
        "/assets/",
        "/assets/index.html",
        "/assets",
        "/assets/http.py",
        "/assets/views",
        "/favicon.ico",
        "/Jobs",
        "/app.py",
    ],
)
def test_any_other_path_is_not_found(served: Served, path: str) -> None:
    answer = served.ask("GET", path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert served.requests == []


def test_pages_can_only_be_read(served: Served) -> None:
    answer = served.ask("POST", "/jobs", b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_every_asset_is_served_with_its_type_and_not_sent_twice(served: Served) -> None:
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert {"app.css", "app.js", "favicon.svg", "index.html"} <= set(names())
    for name in names():
        if name == "index.html":
            continue
        answer = served.ask("GET", f"/assets/{name}")
        assert answer.status == 200, name
        assert answer.headers["content-type"].startswith(types[name.rpartition(".")[2]])
        again = served.ask("GET", f"/assets/{name}", If_None_Match=answer.headers["etag"])
        assert (again.status, again.body) == (304, b"")


def test_an_asset_is_packed_for_those_who_take_it(served: Served) -> None:
    plain = served.ask("GET", "/assets/app.css")
    packed = served.ask("GET", "/assets/app.css", Accept_Encoding="br, gzip;q=0.8")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    for refusing in ("gzip;q=0", "identity", "br"):
        assert "content-encoding" not in served.ask("GET", "/assets/app.css", Accept_Encoding=refusing).headers


def test_all_of_it_is_found_in_a_zip_archive_too(tmp_path: Path) -> None:
    archive = tmp_path / "queuectl.zip"
    with zipfile.ZipFile(archive, "w") as package:
        for path in sorted((ROOT / "queuectl").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                package.write(path, path.relative_to(ROOT))
    script = (
        "import sys; sys.path[:0] = [sys.argv[1]]; from queuectl.dashboard.http import static; "
        "print(static.__file__); print(*static.names()); print(len(static.read('index.html')))"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", script, str(archive)],
        capture_output=True,
        encoding="utf-8",
        check=True,
        cwd=tmp_path,
    ).stdout.splitlines()
    assert found == [
        str(archive / "queuectl/dashboard/http/static.py"),
        " ".join(names()),
        str(len(read("index.html"))),
    ]
