"""What the Tab key offers, in our shell and in others."""
