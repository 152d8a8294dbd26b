"""The settings of a home."""

from __future__ import annotations

import os

from ...model.nouns.home import SETTING, SETTING_VALUE
from ...model.quantity import counted
from ...model.settings import SETTINGS, find
from ..context import Context
from ..grammar.registry import Arg, command
from ..grammar.shared import YES
from ..result import Result, left_alone

GROUP = "Settings"
KEY = Arg("key", metavar="KEY", help="the setting's name or alias", complete="setting")
COLUMNS = ("name", "value", "source", "default", "allowed", "help")


@command("config show", group=GROUP, aliases=("config", "config list"), examples=("config show", "config show -o json"))
def config_show(context: Context) -> Result:
    """Show every setting, its value and where that comes from."""
    rows = context.queue.config.rows()
    return Result(SETTING, rows=rows, columns=COLUMNS, ids=[row.name for row in rows])


@command("config get", KEY, group=GROUP, examples=("config get max_retries",))
def config_get(context: Context, *, key: str) -> Result:
    """Print one setting's value."""
    row = context.queue.config.get(key)
    return Result(SETTING, record=row, message=row.value, ids=[row.value])


@command(
    "config set",
    KEY,
    Arg("value", metavar="VALUE", help="the new value"),
    group=GROUP,
    examples=("config set max_retries 5", "config set timeout 10m"),
)
def config_set(context: Context, *, key: str, value: str) -> Result:
    """Set a setting for this home."""
    setting, text = find(key), context.queue.config.set(key, value)
    notes = []
    if os.environ.get(setting.environment) and not setting.shared:
        notes.append(f"{setting.environment} is set in the environment and wins over it")
    if setting.is_planned:
        notes.append(f"{setting.name} has no effect yet: the feature that uses it is still to come")
    return Result(
        SETTING_VALUE, record={"name": setting.name, "value": text}, message=f"{setting.name} = {text}", notes=notes
    )


@command(
    "config reset",
    Arg("key", metavar="KEY", optional=True, help="the setting (default: all of them)", complete="setting"),
    YES,
    group=GROUP,
    examples=("config reset max_retries", "config reset --yes"),
)
def config_reset(context: Context, *, key: str | None, yes: bool) -> Result:
    """Reset a setting, or all of them, to the default."""
    config, stored = context.queue.config, context.queue.config.stored()
    names = [setting.name for setting in SETTINGS if setting.name in stored] if key is None else [find(key).name]
    if key is None and names and not yes and not context.front_end.confirm(f"reset {counted(len(names), 'setting')}"):
        return left_alone()
    # The time zone of a home that has schedules is another one then, not none.
    values = config.update(dict.fromkeys(names)) if names else {}
    return Result(
        SETTING_VALUE,
        rows=[{"name": name, "value": value} for name, value in values.items()],
        notes=[] if names else ["no setting was set"],
    )
