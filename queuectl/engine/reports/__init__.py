"""What people are told about a home: its state, its alerts, its jobs and why they wait."""
