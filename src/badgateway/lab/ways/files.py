"""Files and the system's settings: moved away, other permissions, a full disk, kernel settings."""

from typing import TYPE_CHECKING

from badgateway.lab.ways import Heal

if TYPE_CHECKING:
    from badgateway.lab.lab import Lab

WAYS = ("move_away", "permission", "full_disk", "kernel_setting", "plant")


def move_away(lab: "Lab", server: str, path: str) -> Heal:
    """Take a file of a server's folder away, without telling the server."""
    target = lab.server(server).folder / path
    hidden = target.with_name(f"{target.name}.away")
    target.rename(hidden)
    return lambda: hidden.rename(target) and None


def permission(lab: "Lab", server: str, path: str, mode: str) -> Heal:
    """Give a file or folder of a server's other permissions, in octal digits."""
    target = lab.server(server).folder / path
    before = target.stat().st_mode & 0o7777
    target.chmod(int(mode, 8))
    return lambda: target.chmod(before)


def full_disk(lab: "Lab", server: str, path: str, mib: int = 1) -> Heal:
    """Put a folder of a server's on a small disk of its own, and fill it to the last byte.

    The disk is there before the server starts: what is mounted later is not seen by all of it.
    """
    target = lab.server(server)
    place = target.folder / path
    target.stop()
    place.mkdir(exist_ok=True)
    target.hop.run("mount", "-t", "tmpfs", "-o", f"size={mib}m,mode=1777", "small", str(place))
    target.start()
    target.hop.run("sh", "-c", f"cat /dev/zero > {place}/core.dump", check=False)

    def heal() -> None:
        target.stop()
        target.hop.run("umount", str(place))
        target.start()

    return heal


def kernel_setting(lab: "Lab", hop: str, name: str, value: str) -> Heal:
    """Change a kernel setting of a hop's own network."""
    machine = lab.network.hops[hop]
    before = machine.run("sysctl", "-n", name).stdout.strip()
    machine.run("sysctl", "-q", "-w", f"{name}={value}")
    return lambda: machine.run("sysctl", "-q", "-w", f"{name}={before}") and None


def plant(lab: "Lab", server: str, path: str, text: str) -> Heal:
    """Write a text file into a server's folder, over what is there."""
    target = lab.server(server).folder / path
    before = target.read_bytes() if target.exists() else None
    target.write_text(text)
    target.chmod(0o644)

    def heal() -> None:
        if before is None:
            target.unlink(missing_ok=True)
        else:
            target.write_bytes(before)

    return heal
