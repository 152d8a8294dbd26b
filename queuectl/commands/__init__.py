"""What a user can ask for. Each command is declared once, returns data and never prints."""
