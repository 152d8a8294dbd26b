"""HTTP: from a socket to a request that is let in, and back."""
