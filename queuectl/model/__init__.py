"""Facts and rules of QueueCTL. Pure: nothing here does I/O, knows SQL or starts a thread."""
