"""Children of which there were too many for the transaction that changed their parent: they are told in more of them.

Whoever has made the change goes on with that, and any scheduler does so after its death.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ...store import Store


def tell_children(store: Store) -> int:
    """Tell all children how their parents stand; return how many jobs that has made claimable.

    Several may do so at once. Others write in between. Raises StoreUnavailable.
    """
    before = store.links.unblocked
    while store.links.has_follow_ups():
        store.database.give_way()
        with store.writing():
            store.links.go_on(store.clock.wall())
    return store.links.unblocked - before
