"""Give room back: delete output in small transactions, and free pages to the file system.

SQLite searches its whole list of free pages for each one that it gives back: with a gigabyte of them, a thousand pages
take seconds. So where much is deleted, room is given back along with it, while the list is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...store import Store

# Room worth giving back, in pages: 4 MiB and a quarter of the file. Freed pages are reused anyway.
SPARE_PAGES = 4096
SPARE_SHARE = 4
WAL_BYTES = 4 * 1024 * 1024
# Bytes of output in one transaction; each job counts for at least a hundredth of them.
REMOVED_AT_ONCE = 1 << 19
LEAST = REMOVED_AT_ONCE // 100


def is_much(store: Store, size: int) -> bool:
    """Return whether there is enough to give back once `size` more bytes are free."""
    pages, used = store.database.pages()[0], store.database.used_bytes()
    return pages >= SPARE_PAGES and (used - size) * SPARE_SHARE < used * (SPARE_SHARE - 1)


def clear(store: Store, numbers: Sequence[int], *, enough: int | None, shrinks: bool) -> Iterator[tuple[int, int]]:
    """Remove the output of finished jobs, one after another, until `enough` bytes are gone, None for all of it.

    The last job loses all of its output too. `shrinks` gives the room back at once. Yields after each transaction how
    many bytes it has removed, and how many jobs have no output left by that.
    """
    removed, at, is_done = 0, 0, True
    while at < len(numbers) and (enough is None or removed < enough or not is_done):
        before, room, jobs = removed, REMOVED_AT_ONCE, 0
        with store.writing():
            while at < len(numbers) and room > 0 and (enough is None or removed < enough or not is_done):
                size, is_done = store.output.remove(numbers[at], room)
                removed, room = removed + size, room - max(size, LEAST)
                at, jobs = at + is_done, jobs + (is_done and size > 0)
            if shrinks:
                store.database.shrink()
        rest(store)
        yield removed - before, jobs


def vacuum(store: Store) -> Iterator[int]:
    """Give free pages back to the file system, if there are many, in small transactions."""
    pages, free = store.database.pages()
    if free < SPARE_PAGES or free * SPARE_SHARE < pages:
        return
    while free > 0:
        before = free
        with store.writing():
            store.database.shrink()
        pages, free = store.database.pages()
        if free >= before:
            return  # A home of an older version, whose file cannot shrink.
        rest(store)
        yield 0
    store.checkpoint()


def rest(store: Store) -> None:
    """Between two transactions: let others in, and keep the log short."""
    store.database.give_way()
    if store.database.wal_bytes() > WAL_BYTES:
        store.checkpoint()
