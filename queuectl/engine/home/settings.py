"""The settings that hold in a home: the environment over what the home has over the defaults."""

from __future__ import annotations

import os

from ...model.settings import Settings, resolve
from ...store import Store


def load_settings(store: Store) -> Settings:
    """Return the settings in force. Raises InvalidInput for a bad value in the environment."""
    return Settings({setting.name: value for setting, value, _ in resolve(store.meta.settings(), os.environ)})
