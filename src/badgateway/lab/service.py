"""The servers of the lab as services: a script in their hop's /etc/init.d (LSB 5.0, 22.2).

Whoever mends a hop starts what is stopped there as on any machine, by `service NAME start`.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badgateway.lab.network import Hop

_SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $network
# Required-Stop:     $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: {name}
### END INIT INFO
PIDFILE={pid_file}
case "$1" in
start)
  start-stop-daemon --start --oknodo --background --make-pidfile --pidfile "$PIDFILE" \\
    --chdir {folder} --output {log} --startas /usr/bin/env -- \\
    {environment} \\
    {command}
  ;;
stop)
  start-stop-daemon --stop --oknodo --pidfile "$PIDFILE" --retry TERM/3/KILL/2
  ;;
restart)
  "$0" stop
  exec "$0" start
  ;;
status)
  start-stop-daemon --status --pidfile "$PIDFILE" && echo "{name} is running" && exit 0
  echo "{name} is not running"
  exit 3
  ;;
*)
  echo "Usage: $0 {{start|stop|restart|status}}" >&2
  exit 2
  ;;
esac
"""


def write_script(
    hop: "Hop", name: str, command: Sequence[str], environment: Mapping[str, str]
) -> Path:
    """Write the script of a server as it is started now; returns the file of its process id."""
    pid_file = hop.folder / f"{name}.service.pid"
    settings = [f"{key}={value}" for key, value in environment.items()]
    script = hop.folder / "init.d" / name
    script.write_text(
        _SCRIPT.format(
            name=name,
            pid_file=pid_file,
            folder=hop.folder,
            log=hop.folder / f"{name}.log",
            environment=shlex.join(settings or ["LANG=C"]),
            command=shlex.join(command),
        )
    )
    script.chmod(0o755)
    return pid_file
