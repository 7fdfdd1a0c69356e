"""The only code that opens sockets or runs commands.

Law of this folder: bytes go out and come in, bounded in size and time; what the system reports
becomes a word of `model.failure`; nothing is interpreted, nothing is retried in silence.
"""
