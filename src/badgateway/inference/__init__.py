"""From observations to a verdict.

Law of this folder: it thinks and does nothing else. No socket, no file, no clock: observations
and knowledge come in, conclusions go out, so that recorded cases are judged as live ones are.
"""
