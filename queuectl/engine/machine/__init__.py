"""The ground floor: processes, pipes, bells, logs and files as the system has them."""
