"""Which processes are one server, and which configuration it was started with."""

import psutil

from badgateway.state import software
from badgateway.state.place import Place

FIRST = 5_000_000
"""Beyond every process that there can be (proc(5), pid_max)."""
MACHINE = {
    1: (0, "systemd", ["/sbin/init"]),
    FIRST + 10: (1, "nginx", ["nginx: master process nginx -c /srv/shop/nginx.conf"]),
    FIRST + 11: (FIRST + 10, "nginx", ["nginx: worker process"]),
    FIRST + 12: (FIRST + 10, "nginx", ["nginx: worker process"]),
    FIRST + 20: (1, "nginx", ["nginx: master process /usr/sbin/nginx -g daemon on;"]),
    FIRST + 21: (FIRST + 20, "nginx", ["nginx: worker process"]),
}


class Process:
    """As much of psutil's as is asked for."""

    def __init__(self, pid):
        if pid not in MACHINE:
            raise psutil.NoSuchProcess(pid)
        self.pid = pid

    def cmdline(self):
        return MACHINE[self.pid][2]

    def name(self):
        return MACHINE[self.pid][1]

    def ppid(self):
        return MACHINE[self.pid][0]

    def username(self):
        return "www-data" if MACHINE[self.pid][0] != 1 else "root"

    def create_time(self):
        return 0.0


def test_workers_belong_to_the_master_that_started_them(monkeypatch):
    """A worker's title names no configuration: it has its master's, not the usual one."""
    monkeypatch.setattr(software.psutil, "Process", Process)
    place = Place("", tuple(MACHINE))
    found = {each.config: each for each in software.software_of(place)}
    assert found["/srv/shop/nginx.conf"].pids == (FIRST + 10, FIRST + 11, FIRST + 12)
    assert found["/srv/shop/nginx.conf"].user == "www-data"
    assert found["/etc/nginx/nginx.conf"].pids == (FIRST + 20, FIRST + 21)
