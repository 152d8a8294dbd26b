"""The settings that hold in a home: the environment over what the home has over the defaults."""

from __future__ import annotations

import os

from ...model.settings import Settings, find, resolve
from ...store import Store


def load_settings(store: Store, group: str | None = None) -> Settings:
    """Return the settings in force, those of a group for its workers.

    Raises InvalidInput for a bad value in the environment.
    """
    values = {setting.name: value for setting, value, _ in resolve(store.meta.settings(), os.environ)}
    if group is not None:
        own = store.meta.limits_of(group)
        values.update((name, find(name).parse(text)) for name, text in own.items())
    return Settings(values)
