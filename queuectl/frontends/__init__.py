"""Text in, text out: the only part of QueueCTL that reads keys and prints."""
