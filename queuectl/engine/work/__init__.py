"""One attempt after another: a worker claims a job, runs it and settles it; what a lost worker held is recovered."""
