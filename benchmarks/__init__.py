"""The goals of speed, each as a program that prints a ratio measured in one run. See `__main__`."""
