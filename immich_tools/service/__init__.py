"""Runs the tools unattended: a schedule of jobs, whether all is well, and who is told when it is not."""
