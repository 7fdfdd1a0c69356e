"""Applies a plan: backup, journal, change, test, reload, proof from outside, or roll back.

Law of this folder: it decides nothing. What to change stands in the plan; whether, says the
person. Each step is on the disk before it is done, so that a run that was cut off at any point is
found and taken back by the next one.
"""
