"""The settings that hold in a home, the environment over what the home has over the defaults; how one is changed."""

from __future__ import annotations

import os

from ...model.settings import Settings, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ...store import Store


def load_settings(store: Store) -> Settings:
    """Return the settings in force. Raises InvalidInput for a bad value in the environment."""
    return Settings({setting.name: value for setting, value, _ in resolve(store.meta.settings(), os.environ)})


def setting_rows(store: Store) -> list[dict[str, Any]]:
    """Return every setting with its value, where that is from, and what is allowed."""
    return [
        {
            **{name: getattr(setting, name) for name in ("name", "allowed", "kind", "group", "aliases")},
            "help": setting.about,
            "value": setting.show(value),
            "source": source,
            "default": setting.show(setting.default),
            "environment": setting.env,
        }
        for setting, value, source in resolve(store.meta.settings(), os.environ)
    ]


def change_setting(store: Store, name: str, text: str | None, *, actor: str, now: int) -> None:
    """Store a setting's text, or with None forget it, and what follows from that. In a transaction.

    Raises InvalidInput for a time zone that this process does not know.
    """
    if name == "timezone":
        from . import timezone

        timezone.change(store, text, actor=actor, now=now)
        return
    if text is None:
        store.meta.reset_setting(name)
    else:
        store.meta.set_setting(name, text)
    store.events.add("setting", actor=actor, now=now, detail=f"{name} = {text or 'default'}")
