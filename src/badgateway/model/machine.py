"""What is there on a machine to act on: servers, services, rules of a firewall. Frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from badgateway.model.message import Message
from badgateway.model.observation import Value


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs, and how it was started.

    Attributes:
        product: its name.
        pid: of its first process.
        program: its executable.
        arguments: what it was started with.
        config: its configuration file; empty where it has none.
        user: whom its workers run as.
        work: the folder that it works in, where it has one (Varnish's -n).
        workers: its child processes.
    """

    product: str
    pid: int
    program: str
    arguments: tuple[str, ...] = ()
    config: str = ""
    user: str = ""
    work: str = ""
    workers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """Something that is started by name.

    Attributes:
        name: as its manager knows it.
        manager: `systemd`, `init` (a script of /etc/init.d), `docker` or `supervisor`.
        running: whether it runs.
        addresses: where it would listen, as far as its command line or configuration says.
        config: the configuration file that its command line names; empty where none.
        holder: a process of the place (container, network namespace) it belongs to; 0 for our own.
        pid_file: where the program itself notes its process; empty where it does not.
        file: its unit or script, by a path that leads there from here; empty where it has none.
    """

    name: str
    manager: str
    running: bool
    addresses: tuple[str, ...] = ()
    config: str = ""
    holder: int = 0
    pid_file: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the firewall that drops or rejects.

    Attributes:
        family: nft's word for the family of its table.
        table: the table.
        chain: the chain.
        hook: `input`, `output` or `forward`.
        saddr: the one source address it names; empty for any.
        daddr: the one destination address; empty for any.
        protocol: `tcp` or `udp`; empty for any.
        ports: destination ports it names; empty for any.
        more: whether it has conditions that were not understood.
        holder: a process of the place whose firewall it is; 0 for our own.
    """

    family: str
    table: str
    chain: str
    hook: str
    saddr: str = ""
    daddr: str = ""
    protocol: str = ""
    ports: tuple[int, ...] = ()
    more: bool = False
    holder: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """How an upstream answers when it is given time.

    Attributes:
        seconds: until the head of its answer was there; None where it never came.
        head: the head's size in bytes; None where it never came.
        plain: whether it speaks plain HTTP.
        whole: whether the head came whole and every line of it is as HTTP has it.
    """

    seconds: float | None = None
    head: int | None = None
    plain: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Naming:
    """Who keeps the list of name servers that this machine asks, and what the list says.

    Attributes:
        by: `networkmanager`, `systemd-resolved`, `resolv.conf`, `macos` or `windows`; with
            `-automatic` behind it where the network sets them and nobody by hand.
        servers: who is asked now.
        values: what a change needs to know: a connection, an interface, the old values.
        locked: why a change here would be of no use, or do harm; None where it can be made.
    """

    by: str
    servers: tuple[str, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    locked: Message | None = None


@dataclass(frozen=True, slots=True)
class OtherResolver:
    """A resolver whose answer leads to a page that works.

    Attributes:
        label: whose it is; its address where nobody knows.
        ipv4: its IPv4 addresses.
        ipv6: its IPv6 addresses.
        address: where the page came from.
    """

    label: str
    ipv4: tuple[str, ...]
    ipv6: tuple[str, ...]
    address: str
