"""The tests of QueueCTL. `python3 -m tests` prepares pytest if need be and runs them all."""
