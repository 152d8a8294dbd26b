"""Commands about workers, scheduler and dashboard."""
