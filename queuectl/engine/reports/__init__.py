"""What reports say of a home: its state, its alerts, its jobs and why they wait."""
