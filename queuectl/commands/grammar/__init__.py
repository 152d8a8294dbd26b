"""How a command line is written: the table of commands, its readers, its help and its manual."""
