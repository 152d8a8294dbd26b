"""What the dashboard's own files may hold: small modules, text set as text, nothing inline, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import queuectl.dashboard
from queuectl.dashboard.http.static import Navigation
from queuectl.model.job import STATES
from tests.support import ROOT

ASSETS = Path(queuectl.dashboard.__file__).parent / "assets"
SCRIPTS = sorted(ASSETS.rglob("*.js"))
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|Attribute\('style"
)


def test_scripts_are_small_and_say_what_they_are_for() -> None:
    for script in [*SCRIPTS, ASSETS / "app.css", ASSETS / "index.html"]:
        lines = script.read_text("utf-8").splitlines()
        assert len(lines) <= 400, script
        assert max(map(len, lines)) <= 120, script
        assert script.suffix == ".html" or lines[0].startswith(("// ", "/* ")), script


def test_scripts_set_text_only_as_text() -> None:
    for script in SCRIPTS:
        assert FORBIDDEN.search(script.read_text("utf-8")) is None, script


def test_every_state_has_its_color() -> None:
    style = (ASSETS / "app.css").read_text("utf-8")
    assert {state for state in STATES if f"[data-state={state}]" not in style or f"--{state}:" not in style} == set()


def test_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = (ASSETS / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", page) == []
    for file in [*SCRIPTS, ASSETS / "app.css", ASSETS / "index.html"]:
        urls = re.findall(r"https?://[^\s'\"]+", file.read_text("utf-8"))
        assert [url for url in urls if url != "http://www.w3.org/2000/svg"] == [], file


def test_every_view_is_that_of_one_page() -> None:
    page = (ASSETS / "index.html").read_text("utf-8")
    views = re.findall(r'data-(?:item-)?view="(\w+)"', page)
    assert sorted(views) == sorted(script.stem for script in (ASSETS / "views").iterdir())
    keys = re.findall(r'data-key="(\w)"', page)
    assert len(set(keys)) == len(keys) == len(Navigation().pages)


def test_every_page_names_its_documentation_in_the_index() -> None:
    page = (ASSETS / "index.html").read_text("utf-8")
    named = re.findall(r'data-docs="([\w-]+)"', page)
    assert len(named) == len(Navigation().pages)
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text("utf-8")
    for name in ("dashboard", *named):  # The first is that of an address without a page.
        assert (docs / f"{name}.md").is_file() and f"({name}.md)" in index, name


def test_every_import_names_what_the_module_has() -> None:
    for script in SCRIPTS:
        for names, path in re.findall(r"import \{([^}]+)\} from '([^']+)'", script.read_text("utf-8")):
            module = (script.parent / path).read_text("utf-8")
            for name in (part.split(" as ")[0].strip() for part in names.split(",")):
                exported = rf"^export (async )?(const|function|class) {re.escape(name)}(?!\w)"
                assert re.search(exported, module, re.M), (script, name)


def imported(*scripts: str) -> set[str]:
    """Return the modules that some import, and that those import, by name."""
    found: set[str] = set()
    pending = list(scripts)
    while pending:
        script = ASSETS / pending.pop()
        for path in re.findall(r"^import .+ from '([^']+)'|^ .+ from '([^']+)'", script.read_text("utf-8"), re.M):
            name = str((script.parent / "".join(path)).resolve().relative_to(ASSETS.resolve()))
            if name not in found:
                found.add(name)
                pending.append(name)
    return found


def test_page_asks_early_for_the_modules_of_its_frame_and_for_none_that_its_first_view_does_not_need() -> None:
    early = set(re.findall(r'rel="modulepreload" href="/assets/([^"]+)"', (ASSETS / "index.html").read_text("utf-8")))
    assert imported("app.js") <= early <= imported("app.js", "views/overview.js")
