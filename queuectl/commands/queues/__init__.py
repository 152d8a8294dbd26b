"""Commands about queues and locks: their limits, and the pauses of queues."""
