"""The settings of a home."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...model.errors import InvalidInput
from ...model.nouns.home import SETTING, SETTING_VALUE
from ...model.quantity import counted
from ...model.settings import SETTINGS, find
from ..context import Context, Result, left_alone
from ..grammar.registry import Arg, command
from ..grammar.shared import YES

ANY_KEY = Arg("key", metavar="KEY", optional=True, help="the setting (default: show all of them)", complete="setting")
# Each setting as an option, as other queues have it.
AS_OPTIONS = tuple(
    Arg(
        "--" + setting.name.replace("_", "-"),
        also=tuple("--" + name.replace("_", "-") for name in setting.aliases),
        help=setting.help,
        metavar="VALUE",
        hidden=True,
    )
    for setting in SETTINGS
)
COLUMNS = ("name", "value", "source", "default", "allowed", "help")


@command("config show", aliases=("config list",), examples=("config show", "config show -o json"))
def config_show(context: Context) -> Result:
    """Show every setting, its value and where that comes from."""
    rows = context.queue.config.rows()
    return Result(SETTING, rows=rows, columns=COLUMNS, ids=[row.name for row in rows])


@command("config get", ANY_KEY, examples=("config get max_retries", "config get timeout"))
def config_get(context: Context, *, key: str | None) -> Result:
    """Print one setting's value."""
    if key is None:
        return config_show(context)
    row = context.queue.config.get(key)
    return Result(SETTING, record=row, message=row.value, ids=[row.value])


@command(
    "config set",
    Arg("key", metavar="KEY", optional=True, help="the setting's name or alias, or KEY=VALUE", complete="setting"),
    Arg("value", metavar="VALUE", optional=True, help="the new value"),
    *AS_OPTIONS,
    examples=("config set max_retries 5", "config set timeout=10m"),
)
def config_set(context: Context, *, key: str | None, value: str | None, **options: str | None) -> Result:
    """Set a setting for this home."""
    key, value = _key_and_value(key, value, options)
    setting, text = find(key), context.queue.config.set(key, value)
    notes = []
    if os.environ.get(setting.environment) and not setting.shared:
        notes.append(f"{setting.environment} is set in the environment and overrides it")
    record = {"name": setting.name, "value": text}
    return Result(SETTING_VALUE, record=record, message=f"{setting.name} = {text}", notes=notes)


def _key_and_value(key: str | None, value: str | None, options: Mapping[str, str | None]) -> tuple[str, str]:
    """Return what KEY VALUE, KEY=VALUE or --KEY VALUE stands for. Raises InvalidInput for less or more than one."""
    given = [(name, text) for name, text in options.items() if text is not None]
    if key is not None and value is None and "=" in key:
        key, _, value = key.partition("=")
    if key is not None and value is not None and not given:
        return key, value
    if key is None and len(given) == 1:
        return given[0]
    if given:
        raise InvalidInput("config set sets one setting at a time", field="key", hint="queuectl config set KEY VALUE")
    field, needed = ("key", "KEY and VALUE") if key is None else ("value", "VALUE")
    raise InvalidInput(f"config set needs {needed}", field=field, hint=f"queuectl config set {key or 'KEY'} VALUE")


@command(
    "config",
    ANY_KEY,
    Arg("value", metavar="VALUE", optional=True, help="what to set it to"),
    examples=("config", "config max_retries"),
)
def config(context: Context, *, key: str | None, value: str | None) -> Result:
    """Show all settings, or one, or set one: the short form of config show, get and set."""
    if value is None and (key is None or "=" not in key):
        return config_get(context, key=key)
    return config_set(context, key=key, value=value)


@command(
    "config reset",
    Arg("key", metavar="KEY", optional=True, help="the setting (default: all of them)", complete="setting"),
    YES,
    aliases=("config unset",),
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
    rows = [{"name": name, "value": value} for name, value in values.items()]
    return Result(SETTING_VALUE, rows=rows, notes=[] if names else ["no setting was set"])
