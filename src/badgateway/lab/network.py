"""Hops as namespaces, and the links between them."""

import os
import signal
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from badgateway.lab.box import LabError, clean_environment


@dataclass(slots=True)
class Hop:
    """One machine of the lab: a network and a mount namespace, held open by a process.

    Attributes:
        name: as in `network.toml`.
        owns: its public addresses.
        holder: the process whose namespaces these are.
        folder: where its files are.
    """

    name: str
    owns: tuple[str, ...]
    holder: "subprocess.Popen[bytes]"
    folder: Path
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What everything here starts with. Boxes share the machine's /tmp; this one is their own.

        Without it, programs of two boxes with the same process number take each other's files.
        """
        return {**clean_environment(), "TMPDIR": str(self.folder.parent / "tmp")}

    @property
    def within(self) -> list[str]:
        """What makes a command run on this machine."""
        return ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "--"]

    def run(
        self,
        *words: str,
        check: bool = True,
        stdin: str | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float = 20,
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command here to its end.

        Raises:
            LabError: it failed, unless `check` is false.
        """
        try:
            done = subprocess.run(
                [*self.within, *words],
                input=stdin,
                capture_output=True,
                text=True,
                errors="replace",
                env={**self.environment, **(environment or {})},
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LabError(
                f"{self.name}: {' '.join(words)[:200]}: not done in {timeout} s"
            ) from None
        if check and done.returncode != 0:
            text = (done.stderr or done.stdout).strip()[-400:]
            raise LabError(f"{self.name}: {' '.join(words)[:200]}: {text}")
        return done

    def start(
        self, *words: str, log: str, environment: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a server here that stays; what it prints goes to a file of its folder."""
        with (self.folder / log).open("ab") as out:
            process = subprocess.Popen(
                [*self.within, *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**self.environment, **(environment or {})},
                cwd=self.folder,
                start_new_session=True,
            )
        self.started.append(process)
        return process


class Network:
    """All hops, linked."""

    def __init__(self, folder: Path) -> None:
        """Build it in `folder`; raises `LabError` where the system does not let us."""
        self.folder = folder
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        text = files("badgateway.lab").joinpath("network.toml").read_text("utf-8")
        self.plan = tomllib.loads(text)
        self.hops = {name: self._hop(name, plan) for name, plan in self.plan.items()}
        self._link()
        self._prove_closed()

    def _hop(self, name: str, plan: Mapping[str, object]) -> Hop:
        folder = self.folder / name
        folder.mkdir()
        (folder / "init.d").mkdir()
        for file in ("resolv.conf", "hosts"):
            (folder / file).write_text(
                "127.0.0.1 localhost badgateway-lab\n::1 localhost\n" if file == "hosts" else ""
            )
        # One kernel for all: its log is shown on the applications' machine alone, where faults
        # make it speak. Elsewhere it would tell of another machine.
        quiet = "" if name == "app" else "mount --bind /dev/null /dev/kmsg && "
        script = (
            f"mount --bind {folder}/resolv.conf /etc/resolv.conf && "
            f"mount --bind {folder}/hosts /etc/hosts && ip link set lo up && {quiet}"
            f"mount --bind {folder}/init.d /etc/init.d && "
            "echo up && exec sleep infinity"
        )
        holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=clean_environment(),
        )
        assert holder.stdout is not None
        said = holder.stdout.readline()
        if said != b"up\n":
            raise LabError(f"the hop {name} could not be made: {said.decode('utf-8', 'replace')}")
        (folder / "pid").write_text(str(holder.pid))
        owns = plan.get("owns", [])
        return Hop(name, tuple(owns) if isinstance(owns, list) else (), holder, folder)

    def _link(self) -> None:
        """Links, addresses and routes; one `ip -batch` for each hop."""
        todo: dict[str, list[str]] = {name: [] for name in self.hops}
        for number, (name, plan) in enumerate(self.plan.items(), 1):
            todo[name] += ["link set lo up"]
            if name != "core" and "behind" not in plan:
                self._to_core(name, number, todo)
            if lan := plan.get("lan"):
                self._lan(name, lan, todo)
        for name, lines in todo.items():
            settings = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
            if name not in ("core", "home", "gateway", "app"):
                settings = ["net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0"]
            self.hops[name].run("sysctl", "-q", *settings, check=False)
            self.hops[name].run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")
        for name, plan in self.plan.items():
            if inner := plan.get("nat"):
                rule = (
                    "table ip nat { chain post { type nat hook postrouting priority 100; "
                    f"ip saddr {inner} oifname wan snat to {self.hops[name].owns[0]}; }}; }}\n"
                )
                self.hops[name].run("nft", "-f", "-", stdin=rule)

    def _veth(self, one: str, name: str, other: str, peer: str) -> None:
        subprocess.run(
            [
                "ip",
                "link",
                "add",
                name,
                "netns",
                str(self.hops[one].holder.pid),
                "type",
                "veth",
                "peer",
                "name",
                peer,
                "netns",
                str(self.hops[other].holder.pid),
            ],
            check=True,
            env=clean_environment(),
        )

    def _to_core(self, name: str, number: int, todo: dict[str, list[str]]) -> None:
        self._veth("core", name, name, "wan")
        todo["core"] += [
            f"addr add 100.64.{number}.1/30 dev {name}",
            f"addr add fd00:{number}::1/64 dev {name} nodad",
            f"link set {name} up",
        ]
        mine = self.hops[name].owns
        four = [address for address in mine if ":" not in address]
        six = [address for address in mine if ":" in address]
        todo[name] += [
            f"addr add 100.64.{number}.2/30 dev wan",
            f"addr add fd00:{number}::2/64 dev wan nodad",
            "link set wan up",
            *(f"addr add {address}/32 dev lo" for address in four),
            *(f"addr add {address}/128 dev lo nodad" for address in six),
            f"route add default via 100.64.{number}.1" + (f" src {four[0]}" if four else ""),
            f"route add ::/0 via fd00:{number}::1" + (f" src {six[0]}" if six else ""),
        ]
        todo["core"] += [f"route add {address}/32 via 100.64.{number}.2" for address in four]
        todo["core"] += [f"route add {address}/128 via fd00:{number}::2" for address in six]
        if name == "home":
            todo["core"] += [f"route add 2001:db8:c::/64 via fd00:{number}::2"]

    def _lan(self, name: str, lan: Mapping[str, str], todo: dict[str, list[str]]) -> None:
        other = lan["to"]
        self._veth(name, "lan", other, "wan")
        todo[name] += [f"addr add {lan['here']} dev lan", "link set lan up"]
        router = lan["here"].partition("/")[0]
        todo[other] += [
            f"addr add {lan['there']} dev wan",
            "link set wan up",
            f"route add default via {router}",
        ]
        if "here6" in lan:
            router6 = lan["here6"].partition("/")[0]
            todo[name] += [f"addr add {lan['here6']} dev lan nodad"]
            todo[other] += [
                f"addr add {lan['there6']} dev wan nodad",
                f"route add ::/0 via {router6}",
            ]
        if other == "database":
            todo["gateway"] += ["route add 10.0.1.0/24 via 10.0.0.2"]

    def close(self) -> None:
        """End whatever still runs on the hops, then the hops themselves."""
        for hop in self.hops.values():
            for process in hop.started:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            hop.holder.kill()
            hop.holder.wait()
            if hop.holder.stdout is not None:
                hop.holder.stdout.close()

    def _prove_closed(self) -> None:
        """No hop shares the machine's network, and nobody has a way to it.

        Raises:
            LabError: a hop does.
        """
        box = Path("/proc/1/ns/net").readlink()
        for hop in self.hops.values():
            if Path(f"/proc/{hop.holder.pid}/ns/net").readlink() == box:
                raise LabError(f"the hop {hop.name} stands in the box's own network")
        links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True)
        left = [line for line in links.stdout.splitlines() if ": lo:" not in line]
        if left:
            raise LabError(f"the box has a link that leads out of it: {left[0][:80]}")
        core = self.hops["core"].run("ip", "route", "show", "default").stdout
        core6 = self.hops["core"].run("ip", "-6", "route", "show", "default").stdout
        if core.strip() or core6.strip():
            raise LabError("the lab's core has a default route")
