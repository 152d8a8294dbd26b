"""Behavior: what is done with jobs, and the processes that do it. Nothing here prints or parses arguments.

Queue                      what users ask for, in one transaction each
Pool -> worker processes   Worker.step(): settle the last attempt and claim the next, run it
   |                       Execution: one command's process tree, its pipes and its limits
   '-> Clockwork.tick()    promote what is due, recover what was lost, sync, checkpoint, prune
"""
