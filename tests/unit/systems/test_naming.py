"""Who keeps the list of resolvers on each system, by what its tools printed; and how it changes."""

import json
import tomllib
from pathlib import Path

import pytest

from badgateway.knowledge.remedy import load_handling, load_remedies
from badgateway.model.hop import Hop
from badgateway.model.machine import Naming, OtherResolver
from badgateway.model.plan import Creation, Edit
from badgateway.model.verdict import Outcome, RankedCause, Verdict
from badgateway.remedies.facts import Facts
from badgateway.remedies.plan import propose
from badgateway.report.plan import plan_lines
from badgateway.report.words import Words
from badgateway.state.naming import macos, networkmanager, resolv_conf, resolved, windows

SAID = tomllib.loads((Path(__file__).parent / "recorded.toml").read_text("utf-8"))
UUID = "92b87cbd-d099-4313-8b20-1ed4a3d723d8"
CLOUDFLARE = OtherResolver(
    "Cloudflare", ("1.1.1.1", "1.0.0.1"), ("2606:4700:4700::1111",), "192.0.2.80"
)
REMEDIES, HANDLING = load_remedies(), load_handling()


def proposed(naming: Naming, *others: OtherResolver, text=lambda _: None):
    causes = (RankedCause("resolver-lies", Hop.RESOLVER, 0.9),)
    verdict = Verdict("https://shop.example/", Outcome.UNREACHABLE, causes=causes)
    known = Facts(verdict, text, naming=naming, others=others)
    return propose(known, REMEDIES, HANDLING)


def plan_for(naming: Naming, **more):
    found = proposed(naming, CLOUDFLARE, **more)
    assert not found.refused, found.refused
    (plan,) = found.plans
    return plan


def test_networkmanager_keeps_a_list_for_each_family():
    """The profile of the device that leads out: its servers change, and come back as they were."""
    assert list(networkmanager.active(SAID["nm_active"])) == [
        (UUID, "802-3-ethernet", "eth0"),
        ("4839532e-a33b-40c1-b4d5-23fede19ff44", "loopback", "lo"),
    ]
    settings = "manual\n192.0.2.53,192.0.2.54\nno\nauto\n\nno\n"
    naming = networkmanager.naming(UUID, "802-3-ethernet", "eth0", settings, "192.0.2.53 | x\n")
    plan = plan_for(naming)
    four, six = plan.changes
    begin = ("nmcli", "connection", "modify", "uuid", UUID)
    assert four.words == (*begin, "ipv4.dns", "1.1.1.1,1.0.0.1", "ipv4.ignore-auto-dns", "yes")
    assert four.undo == (*begin, "ipv4.dns", "192.0.2.53,192.0.2.54", "ipv4.ignore-auto-dns", "no")
    assert six.words[6] == "2606:4700:4700::1111"
    assert six.undo == (*begin, "ipv6.dns", "", "ipv6.ignore-auto-dns", "no")
    assert plan.reloads == (("nmcli", "device", "reapply", "eth0"),)
    assert plan.asks if hasattr(plan, "asks") else REMEDIES[plan.remedy].asks


def test_a_family_that_is_off_is_left_out():
    """NetworkManager refuses servers for a family that is disabled."""
    settings = "auto\n\nno\ndisabled\n\nno\n"
    naming = networkmanager.naming(UUID, "802-11-wireless", "wlan0", settings, "")
    (change,) = plan_for(naming).changes
    assert change.words[5] == "ipv4.dns"


def test_a_vpns_list_is_the_vpns():
    """Its resolvers answer for names inside: nothing is changed, and it is said."""
    settings = "manual\n\nno\ndisabled\n\nno\n"
    naming = networkmanager.naming(UUID, "wireguard", "wg0", settings, "")
    assert "VPN" in str(proposed(naming, CLOUDFLARE).refused["ask-another-resolver"])
    assert networkmanager.naming(UUID, "wireguard", "wg0", "Error", "") is None


def test_systemd_resolved_gets_a_file_of_its_own(tmp_path):
    """All that it asks is read; the new servers stand in a drop-in that begins the list anew."""
    assert resolved.servers(SAID["resolvectl"]) == ("1.1.1.1", "8.8.4.4", "192.0.2.53", "fe80::1%3")
    naming = Naming("systemd-resolved", ("192.0.2.53",), {"drop_in": resolved.DROP_IN})
    plan = plan_for(naming)
    (made,) = plan.changes
    assert isinstance(made, Creation)
    assert made.text.splitlines()[1:] == [
        "[Resolve]", "DNS=", "DNS=1.1.1.1 1.0.0.1 2606:4700:4700::1111", "Domains=~.",
    ]  # fmt: skip
    assert plan.reloads == (("systemctl", "restart", "systemd-resolved"),)
    assert f"the file {resolved.DROP_IN} is new" in "\n".join(plan_lines(plan, Words()))
    (changed,) = plan_for(naming, text=lambda _: "[Resolve]\nDNS=9.9.9.9\n").changes
    assert isinstance(changed, Edit)
    stub = tmp_path / "resolv.conf"
    stub.write_text("nameserver 127.0.0.53\noptions edns0 trust-ad\n")
    assert resolved.at_work(stub)
    stub.write_text("nameserver 192.0.2.53\n")
    assert not resolved.at_work(stub)
    assert not resolved.at_work(tmp_path / "none")


def test_a_plain_list_is_edited_where_it_stands(tmp_path, monkeypatch):
    """Only the servers change, and no more are written than the C library reads."""
    monkeypatch.setattr(resolv_conf, "_writer", lambda: "")
    path = tmp_path / "resolv.conf"
    path.write_text("# mine\nsearch lan\nnameserver 192.0.2.53\noptions edns0\n")
    naming = resolv_conf.look(path)
    assert (naming.servers, naming.locked) == (("192.0.2.53",), None)
    (edit,) = plan_for(naming, text=lambda _: path.read_text()).changes
    assert edit.after == (
        "# mine\nsearch lan\nnameserver 1.1.1.1\nnameserver 1.0.0.1\n"
        "nameserver 2606:4700:4700::1111\noptions edns0\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "# Generated by NetworkManager\nnameserver 192.0.2.53\n",
        "# Generated by dhcpcd from eth0.dhcp\nnameserver 192.0.2.53\n",
        "# Dynamic resolv.conf(5) file for glibc resolver(3) generated by resolvconf(8)\n",
        "# This file was automatically generated by WSL.\nnameserver 192.0.2.53\n",
        "nameserver 127.0.0.1\n",
        "nameserver ::1\n",
    ],
)
def test_a_list_that_a_program_keeps_is_left_to_it(text, tmp_path, monkeypatch):
    """What would be written again, or names a program of this machine, is not edited."""
    monkeypatch.setattr(resolv_conf, "_writer", lambda: "")
    path = tmp_path / "resolv.conf"
    path.write_text(text)
    naming = resolv_conf.look(path)
    assert naming.locked is not None
    assert "ask-another-resolver" in proposed(naming, CLOUDFLARE).refused


def test_a_link_and_a_running_writer_are_seen(tmp_path, monkeypatch):
    """A link leads to a file that somebody keeps; dhclient writes it without a sign."""
    path, link = tmp_path / "real", tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.53\n")
    link.symlink_to(path)
    monkeypatch.setattr(resolv_conf, "_writer", lambda: "")
    assert resolv_conf.look(link).locked is not None
    monkeypatch.setattr(resolv_conf, "_writer", lambda: "dhclient")
    assert "dhclient" in str(resolv_conf.look(path).locked)
    assert resolv_conf.look(tmp_path / "none") is None


def test_macos_keeps_a_list_for_each_service():
    """By the device of the default route; what was set by hand, or by nobody, comes back."""
    assert macos.services(SAID["service_order"]) == {"en7": "USB 10/100/1000 LAN", "en0": "Wi-Fi"}
    asked = ("192.0.2.53",)
    (change,) = plan_for(macos.naming("Wi-Fi", SAID["dns_servers"], asked)).changes
    assert change.words == ("networksetup", "-setdnsservers", "Wi-Fi", "1.1.1.1", "1.0.0.1",
                            "2606:4700:4700::1111")  # fmt: skip
    assert change.undo[2:] == ("Wi-Fi", "8.8.8.8", "2001:4860:4860::8888")
    (change,) = plan_for(macos.naming("Wi-Fi", SAID["no_dns_servers"], asked)).changes
    assert change.undo[2:] == ("Wi-Fi", "empty")


def test_windows_keeps_a_list_for_each_interface():
    """By its number, and by what the registry holds: a list of its own, or the network's."""
    held = {"Tcpip": "192.168.50.1 8.8.8.8", "Tcpip6": "fd00::53"}
    naming = windows.naming(SAID["cim_adapters"], lambda family, _: held[family])
    plan = plan_for(naming)
    (change,) = plan.changes
    assert change.words[-1] == (
        "Set-DnsClientServerAddress -InterfaceIndex 12 "
        "-ServerAddresses 1.1.1.1,1.0.0.1,2606:4700:4700::1111"
    )
    assert change.undo[-1].endswith("-ServerAddresses 192.168.50.1,8.8.8.8,fd00::53")
    assert plan.reloads == (("ipconfig", "/flushdns"),)
    naming = windows.naming(SAID["cim_adapters"], lambda *_: "")
    assert plan_for(naming).changes[0].undo[-1].endswith("-InterfaceIndex 12 -ResetServerAddresses")
    alone = json.dumps(json.loads(SAID["cim_adapters"])[0])
    assert windows.naming(alone, lambda *_: "").values == {"number": 12}


@pytest.mark.parametrize("held", ["8.8.8.8; calc", "$(calc)", "fe80::1%;calc", "8.8.8.8|calc"])
def test_a_hostile_registry_is_no_script(held):
    """What would be a word of PowerShell's refuses the whole plan."""
    naming = windows.naming(SAID["cim_adapters"], lambda *_: held)
    assert "ask-another-resolver" in proposed(naming, CLOUDFLARE).refused


def test_other_texts_give_nothing():
    """Another tool's output, or none, is no list."""
    for text in (*SAID.values(), "", "[1, null]", "{}", '{"DefaultIPGateway": 1}'):
        if text != SAID["cim_adapters"]:
            windows.naming(text, lambda *_: "")
            assert networkmanager.naming(UUID, "x", "x", text, "") is None or text.count("\n") == 6
        macos.services(text)
        resolved.servers(text)
    assert windows.naming("nothing", lambda *_: "") is None


def test_nothing_is_proposed_without_a_resolver_that_helps():
    """No other answer leads to a page that works, or it is asked already: nothing is changed."""
    naming = Naming("systemd-resolved", ("1.1.1.1", "1.0.0.1", "2606:4700:4700::1111"))
    assert "leads to a page" in str(proposed(naming).refused["ask-another-resolver"])
    assert "already" in str(proposed(naming, CLOUDFLARE).refused["ask-another-resolver"])
