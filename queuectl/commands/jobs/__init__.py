"""Commands about jobs, queues and schedules."""
