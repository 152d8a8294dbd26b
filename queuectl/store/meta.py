"""Single facts about a home, and its settings."""

from __future__ import annotations

from .table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Mapping, Sequence

    from ..model.scheduler import SchedulerRecord


GET = "SELECT value FROM meta WHERE key = ?"
SET = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
SET_SETTING = "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

POOL_GROUPS = "pool_groups"
LAST_GROUPS = "last_pool_groups"
GROUP_LIMITS = "group_limits"
SYNCED = "synced"
SCHEDULER = "scheduler"
CLOCK = "clock"
DOWNTIME = "downtime"
DAEMON = "daemon:"


class Meta(Table):
    def home_id(self) -> str:
        """Return the random text that tells this home from all others."""
        return str(self._database.value(GET, ("home",)))

    def pool_groups(self) -> dict[str, int]:
        """Return how many workers each group of the pool should have; none of a pool that has to end."""
        return dict(self._read(POOL_GROUPS, {}))

    def set_pool_groups(self, groups: Mapping[str, int]) -> None:
        """Store how many workers each group of the pool should have. In a transaction."""
        before = self.pool_groups()
        if before and not groups:
            self._write(LAST_GROUPS, before)
        self._write(POOL_GROUPS, groups)

    def last_pool_groups(self) -> dict[str, int]:
        """Return how many workers each group of the pool should have or, of one that has to end, should have had."""
        from ..model.worker import ALL

        groups = self.pool_groups() or dict(self._read(LAST_GROUPS, {}))
        # Versions without groups stored one number.
        target = None if groups else self._database.value(GET, ("pool_target",))
        return {ALL: int(target)} if target else groups

    def limits_of(self, group: str) -> dict[str, str]:
        """Return the settings, as texts, that a group of workers was started with in place of the home's."""
        return dict(self._read(GROUP_LIMITS, {}).get(group, {}))

    def set_limits_of(self, group: str, limits: Mapping[str, str]) -> None:
        """Store the settings that a group of workers has in place of the home's. In a transaction."""
        others = {name: own for name, own in self._read(GROUP_LIMITS, {}).items() if name != group}
        self._write(GROUP_LIMITS, {**others, group: dict(limits)} if limits else others)

    def scheduler(self) -> SchedulerRecord:
        """Return the last record of the scheduler daemon, an empty one if there is none."""
        from ..model.scheduler import SchedulerRecord

        return SchedulerRecord.of({**SchedulerRecord().parts_by_name(), **self._read(SCHEDULER, {})})

    def set_scheduler(self, record: SchedulerRecord) -> None:
        """Store the record of the scheduler daemon. In a transaction."""
        self._write(SCHEDULER, record.parts_by_name())

    def clock(self) -> dict[str, Any]:
        """Return the last facts about the machine's clock, none if nobody has looked yet."""
        return dict(self._read(CLOCK, {}))

    def set_clock(self, facts: dict[str, Any]) -> None:
        """Store facts about the machine's clock. In a transaction."""
        self._write(CLOCK, facts)

    def synced_at(self) -> int:
        """Return the wall time of the last `touch`, 0 if there was none: it was that late already."""
        return int(self._database.value(GET, (SYNCED,)) or 0)

    def downtime(self) -> tuple[int | None, list[tuple[int, int]]]:
        """Return when somebody last kept house, None for never, and the gaps (from, to) in which nobody did."""
        seen, gaps = self._read(DOWNTIME, (None, ()))
        return seen, [(start, end) for start, end in gaps]

    def set_downtime(self, seen: int, gaps: Sequence[tuple[int, int]]) -> None:
        """Store when somebody kept house last, and the gaps. In a transaction."""
        self._write(DOWNTIME, [seen, gaps])

    def daemon(self, kind: str) -> str | None:
        """Return the record of the last daemon of a kind (pool, scheduler, dashboard)."""
        value = self._database.value(GET, (DAEMON + kind,))
        return None if value is None else str(value)

    def set_daemon(self, kind: str, record: str) -> None:
        """Store the record of the daemon of a kind that runs now. In a transaction."""
        self._database.change(SET, (DAEMON + kind, record))

    def remove_daemon(self, kind: str, record: str) -> bool:
        """Forget a daemon that has ended; return False if another has taken its place. In a transaction."""
        return self._database.change("DELETE FROM meta WHERE key = ? AND value = ?", (DAEMON + kind, record)) == 1

    def touch(self, now: int) -> None:
        """Write something, so that the commit brings all earlier ones to the disk. In a transaction."""
        self._database.change(SET, (SYNCED, str(now)))

    def settings(self) -> dict[str, str]:
        """Return the settings of this home as texts."""
        return dict(self._database.rows("SELECT name, value FROM settings ORDER BY name"))  # type: ignore[arg-type]

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting. In a transaction."""
        self._database.change(SET_SETTING, (name, value))

    def reset_setting(self, name: str) -> bool:
        """Forget a setting; return whether there was one. In a transaction."""
        return self._database.change("DELETE FROM settings WHERE name = ?", (name,)) == 1

    def _read(self, key: str, default: Any) -> Any:
        import json

        text = self._database.value(GET, (key,))
        return json.loads(text) if text else default

    def _write(self, key: str, fact: Any) -> None:
        import json

        self._database.change(SET, (key, json.dumps(fact)))
