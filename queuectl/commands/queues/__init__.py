"""Commands about queues: their limits and pauses."""
