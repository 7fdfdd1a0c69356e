"""Error logs of servers and runtimes, journals, kernel messages: one file per dialect."""
