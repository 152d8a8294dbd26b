"""A headless Chromium, driven over WebDriver with http.client alone.

`Driver` is one chromedriver process with its own process group, `Browser` one session of it with its own
profile. Conditions are waited for with a limit. Nothing here needs a package.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.support import wait_until

KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "Shift": "\ue008",
    "Control": "\ue009",
    "ArrowDown": "\ue015",
    "ArrowUp": "\ue013",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
}
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
    "--window-size=1280,800",
    "--lang=en-GB",
]
CONTROLS = ("button", "link", "textbox", "searchbox", "combobox", "checkbox", "spinbutton", "image", "img")
# The first element that fits, and the middle of it: nothing while it is not shown, or covered.
SHOWN = """(selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
  const [box] = element.getClientRects();
  const [x, y] = [Math.floor(box.x + box.width / 2), Math.floor(box.y + box.height / 2)];
  const top = document.elementFromPoint(x, y);
  return (element.contains(top) || top?.control === element) && { element, place: [x, y] };
}"""
# A page may draw or move an element at any time: it is found and clicked in one step.
CLICK = f"""(selector) => {{
  const shown = ({SHOWN})(selector);
  if (shown) shown.element.focus();
  if (shown) shown.element.click();
  return Boolean(shown);
}}"""
LIMIT = 60.0
ANSWER_LIMIT = 60.0


def chromedriver() -> str | None:
    """Return the path of chromedriver, or None when this machine has no browser for tests."""
    named = os.environ.get("TEST_CHROMEDRIVER")
    found = named or shutil.which("chromedriver")
    has_browser = any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return found if found and has_browser else None


class WebDriverError(Exception):
    """What the driver refused."""


class Driver:
    """One chromedriver. `close` ends it and every browser it started."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [path, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
        )
        self.port = self._read_port()

    def _read_port(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # The line before it speaks of port 0.
            if "started successfully on port" in line:
                return int(line.rstrip(".\n").rsplit(" ", 1)[1])
        raise WebDriverError("chromedriver did not start")

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Send one command and return its value. Raises WebDriverError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_LIMIT)
        try:
            connection.request(
                method, path, json.dumps(body or {}) if method == "POST" else None, {"Content-Type": "application/json"}
            )
            value = json.loads(connection.getresponse().read())["value"]
        finally:
            connection.close()
        if isinstance(value, dict) and "error" in value:
            raise WebDriverError(f"{value['error']}: {value.get('message', '').splitlines()[0]}")
        return value

    def close(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # It has ended by itself.
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


class Browser:
    """One window with tabs."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._profile = tempfile.mkdtemp(prefix="queuectl-browser-")
        self._session = ""
        try:
            options = {"args": [*ARGUMENTS, f"--user-data-dir={self._profile}"]}
            capabilities = {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
                "timeouts": {"script": 30000, "pageLoad": 30000},
            }
            answer = driver.call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self._session = answer["sessionId"]
        except BaseException:  # Ctrl-C too: the profile must not stay behind.
            self.close()
            raise

    def close(self) -> None:
        if self._session:
            self._driver.call("DELETE", f"/session/{self._session}")
        shutil.rmtree(self._profile, ignore_errors=True)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._driver.call(method, f"/session/{self._session}{path}", body)

    def open(self, url: str) -> None:
        """Load a page and wait until its view is there."""
        self._call("POST", "/url", {"url": url})
        self.wait("document.querySelector('#main').dataset.ready", what=f"{url} is shown")

    def arrive(self, path: str) -> None:
        """Wait until the view of a path is there: its address comes first, and keys would go to the old view."""
        self.wait(
            f"location.pathname === {path!r} && document.querySelector('#main').dataset.ready", what=f"{path} is shown"
        )

    def js(self, script: str, *args: object) -> Any:
        """Run the body of a function; `await` works in it."""
        body = f"return (async function () {{ {script} }}).apply(null, arguments)"
        return self._call("POST", "/execute/sync", {"script": body, "args": list(args)})

    def wait(self, expression: str, seconds: float = LIMIT, what: str = "") -> Any:
        """Return the first true value of a JavaScript expression."""

        def look() -> Any:
            try:
                return self.js(f"return {expression}")
            except WebDriverError as error:
                if "javascript error" in str(error):
                    return None  # It speaks of what is not there yet.
                raise

        return wait_until(look, seconds, what or expression)

    def text(self, selector: str) -> str:
        """Return the text of the first element that fits, as it is shown; empty if there is none."""
        found: str = self.js("return document.querySelector(arguments[0])?.innerText ?? ''", selector)
        return found

    def click(self, selector: str) -> None:
        """Click an element once it is shown with nothing above it."""
        self.wait(f"({CLICK})({json.dumps(selector)})", what=f"{selector} is shown")

    def _place(self, selector: str) -> tuple[int, int]:
        x, y = self.wait(f"({SHOWN})({json.dumps(selector)}).place", what=f"{selector} is shown")
        return x, y

    def controls(self) -> list[tuple[str, str]]:
        """Return role and name of each control, as assistive technology reads them."""
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", "").strip())
            for node in nodes
            if not node.get("ignored") and node["role"]["value"] in CONTROLS
        ]

    def press(self, *keys: str, hold: str = "") -> None:
        """Press keys one after the other, with another one held down."""
        strokes = []
        for key in keys:
            code = KEYS.get(key, key)
            strokes += [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
        if hold:
            strokes = [{"type": "keyDown", "value": KEYS[hold]}, *strokes, {"type": "keyUp", "value": KEYS[hold]}]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def type(self, text: str) -> None:
        self.press(*text)

    def hover(self, selector: str) -> None:
        """Move the pointer over an element."""
        x, y = self._place(selector)
        move = {"type": "pointerMove", "duration": 0, "x": x, "y": y}
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def drag(self, selector: str, end: tuple[int, int]) -> None:
        """Press the pointer on an element, by default where it is let go, and let it go at a place of the window."""
        x, y = self._place(selector) if selector else end
        begin = {"type": "pointerMove", "duration": 0, "x": x, "y": y}
        there = {"type": "pointerMove", "duration": 0, "x": end[0], "y": end[1]}
        steps = [begin, {"type": "pointerDown", "button": 0}, there, {"type": "pointerUp", "button": 0}]
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": steps}]})

    def cdp(self, command: str, **parameters: Any) -> Any:
        """Send a command of the Chrome DevTools protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def scheme(self, name: str) -> None:
        """Prefer light or dark, as the system would."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def size(self, width: int, height: int) -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def screenshot(self, path: str | os.PathLike[str] | None = None) -> bytes:
        """Return what the window shows, as PNG."""
        picture = base64.b64decode(self._call("GET", "/screenshot"))
        if path is not None:
            Path(path).write_bytes(picture)
        return picture

    def complaints(self) -> list[str]:
        """Return the severe entries of the console since the last call."""
        entries = self._call("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def tabs(self) -> list[str]:
        found: list[str] = self._call("GET", "/window/handles")
        return found

    def new_tab(self) -> str:
        """Open a tab and go to it."""
        handle: str = self._call("POST", "/window/new", {"type": "tab"})["handle"]
        self.tab(handle)
        return handle

    def tab(self, handle: str) -> None:
        self._call("POST", "/window", {"handle": handle})
