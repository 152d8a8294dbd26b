"""Telling children how their parent stands, where there were too many for the transaction that changed it.

The process that made the change goes on in further transactions. If it dies, any scheduler does.
"""

from __future__ import annotations

from ...store import Store


def tell_children(store: Store) -> int:
    """Tell all children how their parents stand; return how many jobs became claimable. Raises StoreUnavailable.

    Several processes may do so at once. Between two transactions others can write.
    """
    before = store.links.unblocked
    while store.links.has_follow_ups():
        store.database.give_way()
        with store.writing():
            store.links.go_on(store.clock.wall())
    return store.links.unblocked - before
