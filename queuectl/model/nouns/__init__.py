"""What programs read, each noun once: `-o json`, the API and Python write it by its keys; docs/json.md has them."""
