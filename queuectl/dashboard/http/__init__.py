"""From a socket to a request that may be answered, and back."""
