"""The settings of a home as users see them: the value of each and where it is from; set and unset."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..model.errors import InvalidInput
from ..model.policy import demand_distinct
from ..model.setting import ShownSetting
from ..model.settings import find, resolve
from ..model.webhook import masked
from .home.opened import Part
from .machine.doorbell import CONTROL, SCHEDULERS, WORKERS, ring

OF_WEBHOOK = frozenset(("webhook_url", "webhook_events"))


class Config(Part):
    """The settings of a home. Names may be aliases; dashes and capitals do not matter."""

    def rows(self) -> list[ShownSetting]:
        """Return every setting. Raises InvalidInput for a bad value anywhere."""
        found = []
        for setting, value, source in resolve(self.stored(), os.environ):
            own = {"default": setting.show(setting.default), "value": setting.show(value), "source": source}
            found.append(ShownSetting.of({**setting.parts_by_name(), **own}))
        return found

    def get(self, name: str) -> ShownSetting:
        """Return one setting. Raises InvalidInput."""
        found = find(name)
        return next(row for row in self.rows() if row.name == found.name)

    def stored(self) -> dict[str, str]:
        """Return what is set in the home, by name."""
        return self._opened.store.meta.settings()

    def set(self, name: str, value: str | float) -> str:
        """Set one from a text or a number; return its text. Raises InvalidInput."""
        return self.update({name: value})[find(name).name]

    def unset(self, name: str) -> str:
        """Reset a setting (the time zone of schedules to this process's); return its value. Raises InvalidInput."""
        return self.update({name: None})[find(name).name]

    def update(self, values: Mapping[str, object]) -> dict[str, str]:
        """Set settings from texts or numbers, all or none; None unsets one. Return their texts. Raises InvalidInput."""
        texts: dict[str, str | None] = {}
        spellings: dict[str, str] = {}
        for name, value in values.items():
            meant, text = setting_text(name, value)
            if meant in spellings:
                raise InvalidInput(f"{spellings[meant]} and {name} are the same setting, give one", field=name)
            texts[meant], spellings[meant] = text, name
        with self._opened.store.writing():
            for name, text in texts.items():
                self._store(name, text)
            if not OF_WEBHOOK.isdisjoint(texts):
                from .webhooks import follow_settings

                follow_settings(self._opened.store, actor=self._opened.actor)
            stored = self.stored()
            demand_distinct(stored, texts)
        ring(self._opened.home, WORKERS, CONTROL)
        ring(self._opened.home, SCHEDULERS)
        return {name: stored.get(name, find(name).show(find(name).default)) for name in texts}

    def _store(self, name: str, text: str | None) -> None:
        store, now = self._opened.store, self._opened.clock.wall()
        if name == "timezone":
            from .home.timezone import change

            change(store, text, actor=self._opened.actor, now=now)
            return
        if text is None:
            store.meta.reset_setting(name)
        else:
            store.meta.set_setting(name, text)
        # Everybody can read the history: it shows the webhook's address as lists of webhooks do.
        shown = masked(text) if text is not None and name == "webhook_url" else text or "default"
        self._opened.note("setting", f"{name} = {shown}", now=now)


def setting_text(name: str, value: object) -> tuple[str, str | None]:
    """Return a setting's name and its stored text. Raises InvalidInput, with the name as it was given."""
    try:
        setting = find(name)
        if value is None:
            return setting.name, None
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise InvalidInput(f"{name} must be {setting.allowed}")
        return setting.name, setting.show(setting.parse(str(value)))
    except InvalidInput as error:
        error.field = name
        raise
