"""Where remedies act: one binding for each place, nothing on doubt, nothing hostile."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from badgateway.knowledge.remedy import load_handling, load_remedies
from badgateway.model.argument import ArgumentError
from badgateway.model.hop import Hop
from badgateway.model.machine import Measured, Rule, Running, Service
from badgateway.model.observation import Observation
from badgateway.model.plan import Command, Creation, Edit, Move, Opening
from badgateway.model.verdict import Outcome, RankedCause, Verdict
from badgateway.remedies.edit import EditError
from badgateway.remedies.facts import Facts
from badgateway.remedies.plan import plan_of, propose
from badgateway.state import caches, firewall
from badgateway.state.place import Place

NGINX = "server {\n  server_name shop.example;\n  location / {\n    proxy_pass http://10.0.0.2:8080;\n  }\n}\n"  # noqa: E501
REMEDIES, HANDLING = load_remedies(), load_handling()


def seen(name: str, **value) -> Observation:
    return Observation(Hop.GATEWAY, name, value, "here")


def facts(cause: str, *observations: Observation, **more) -> Facts:
    upstream = more.pop("upstream", "10.0.0.2:8080")
    line = seen("config-upstream", by="nginx", file="/etc/nginx/nginx.conf", line=4, place="",
                upstream=upstream, protocol="http", sites=("shop.example",))  # fmt: skip
    verdict = Verdict(
        "https://shop.example/", Outcome.GATEWAY_ERROR, 502,
        causes=(RankedCause(cause, Hop.GATEWAY, 0.9),), observations=(line, *observations),
    )  # fmt: skip
    nginx = Running("nginx", 77, "/usr/sbin/nginx", ("-c", "/etc/nginx/nginx.conf"),
                    "/etc/nginx/nginx.conf", "www-data")  # fmt: skip
    text = more.pop("text", lambda path: NGINX if path == "/etc/nginx/nginx.conf" else None)
    return Facts(verdict, text, running=(nginx,), **more)


def test_a_stated_address_becomes_an_edit_that_is_tested_and_reloaded():
    """The owner says where the application listens: the line changes, nginx tests and reloads."""
    known = facts("upstream-wrong-address", stated={"upstream": "10.0.0.2:8000"})
    plan = propose(known, REMEDIES, HANDLING).plans[0]
    assert plan.changes == (Edit("/etc/nginx/nginx.conf", NGINX, NGINX.replace("8080", "8000")),)
    assert plan.tests == (("/usr/sbin/nginx", "-c", "/etc/nginx/nginx.conf", "-t"),)
    assert plan.reloads == (("kill", "-HUP", "77"),)


@pytest.mark.parametrize(
    "hostile",
    ["10.0.0.2:8000; return 200 hacked", "$(reboot):80", "-h:80", "a\nb:80", "unix:/a b", "/etc"],
)
def test_a_hostile_address_changes_nothing(hostile):
    """What is no address never becomes a directive; it is refused with its reason."""
    known = facts("upstream-wrong-address", stated={"upstream": hostile})
    proposed = propose(known, REMEDIES, HANDLING)
    assert proposed.plans == ()
    assert "point-as-stated" in proposed.refused


@pytest.mark.parametrize("hostile", ["x; reboot", "--help", "$(id)", "a b", "../x"])
def test_a_hostile_service_is_not_started(hostile):
    """The name of a service that is none never becomes an argument."""
    service = Service(hostile, "systemd", False, ("10.0.0.2:8080",))
    known = facts("upstream-down", seen("no-listener", upstream="10.0.0.2:8080"),
                  services=(service,))  # fmt: skip
    with pytest.raises(ArgumentError):
        plan_of(REMEDIES["start-upstream"], "upstream-down", known, HANDLING)


def test_the_service_that_would_listen_there_is_started():
    """The unit is started, and stopping it is what undoes that."""
    service = Service("shop.service", "systemd", False, ("0.0.0.0:8080",))
    other = Service("mail.service", "systemd", False, ("127.0.0.1:25",))
    known = facts("upstream-down", services=(service, other))
    plan = propose(known, REMEDIES, HANDLING).plans[0]
    assert plan.changes == (
        Command(("systemctl", "start", "--", "shop.service"),
                ("systemctl", "stop", "--", "shop.service"), "starts the unit"),
    )  # fmt: skip


def test_of_two_services_none_is_started():
    """Where several would listen there nobody can tell which is meant."""
    services = tuple(Service(n, "systemd", False, ("*:8080",)) for n in ("a.service", "b.service"))
    known = facts("upstream-down", services=services)
    assert propose(known, REMEDIES, HANDLING).plans == ()


def test_a_rule_that_stops_the_link_gets_an_exception_and_no_more():
    """One address and one port are let through; the rule itself stays."""
    rule = Rule("inet", "filter", "output", "output", "", "10.0.0.2", "tcp", (8080,))
    known = facts("link-firewall", rules=(rule,))
    plan = propose(known, REMEDIES, HANDLING).plans[0]
    opening = plan.changes[0]
    assert isinstance(opening, Opening)
    assert opening.matches == ("ip", "daddr", "10.0.0.2", "tcp", "dport", "8080")


@pytest.mark.parametrize(
    "rule",
    [
        Rule("inet", "filter", "output", "output"),
        Rule("inet", "filter", "output", "output", "", "10.0.0.3", "tcp", (8080,)),
        Rule("inet", "filter", "output", "output", "", "10.0.0.2", "tcp", (8080,), more=True),
        Rule("inet", "filter", "forward", "forward", "", "10.0.0.2", "tcp", (8080,)),
    ],
)
def test_other_rules_are_left_alone(rule):
    """A policy of the whole machine, another address, a condition that we do not understand."""
    assert propose(facts("link-firewall", rules=(rule,)), REMEDIES, HANDLING).plans == ()


def test_buffers_hold_the_header_that_was_measured():
    """30,000 bytes want 45,000, which are eleven pages and 44 KB."""
    known = facts("header-too-big", measured={"10.0.0.2:8080": Measured(0.1, 30_000, True)})
    edit = propose(known, REMEDIES, HANDLING).plans[0].changes[0]
    assert isinstance(edit, Edit)
    assert "proxy_buffer_size 44k;" in edit.after
    assert "proxy_busy_buffers_size 88k;" in edit.after


@pytest.mark.parametrize(("took", "waits"), [(8.0, "13s"), (None, None), (100.0, None)])
def test_the_gateway_waits_as_long_as_the_application_takes(took, waits):
    """Half as long again; not at all where it never answers or takes longer than anybody waits."""
    measured = {"10.0.0.2:8080": Measured(took, 100, True)}
    plans = propose(facts("upstream-timeout-slow-app", measured=measured), REMEDIES, HANDLING).plans
    texts = [c.after for plan in plans for c in plan.changes if isinstance(c, Edit)]
    assert [f"proxy_read_timeout {waits};" in text for text in texts] == ([True] if waits else [])


def test_a_file_of_another_machine_is_not_edited():
    """What a copied file says about a line cannot be changed here."""
    known = facts("upstream-wrong-address", stated={"upstream": "10.0.0.2:8000"},
                  text=lambda _: None)  # fmt: skip
    with pytest.raises(EditError, match="cannot be read"):
        plan_of(REMEDIES["point-as-stated"], "upstream-wrong-address", known, HANDLING)


def test_rules_are_read_as_nft_prints_them(monkeypatch):
    """A rule's address and port; a set of ports; what is not understood is marked as such."""

    def rule(*matches):
        return {"rule": {"family": "inet", "table": "t", "chain": "c",
                         "expr": [*matches, {"counter": None}, {"drop": None}]}}  # fmt: skip

    def match(protocol, field, right):
        return {"match": {"op": "==", "right": right,
                          "left": {"payload": {"protocol": protocol, "field": field}}}}  # fmt: skip

    items = [
        {"chain": {"family": "inet", "table": "t", "name": "c", "hook": "output"}},
        rule(match("ip", "daddr", "10.0.0.2"), match("tcp", "dport", 8000)),
        rule(match("tcp", "dport", {"set": [80, 443]})),
        rule({"limit": {"rate": 1}}, match("tcp", "dport", 80)),
        {"rule": {"family": "inet", "table": "t", "chain": "c", "expr": [{"accept": None}]}},
    ]
    monkeypatch.setattr(firewall, "output_of", lambda _: json.dumps({"nftables": items}))
    found = list(firewall.rules_of(Place("", ())))
    assert [(r.daddr, r.ports, r.more) for r in found] == [
        ("10.0.0.2", (8000,), False), ("", (80, 443), False), ("", (80,), True),
    ]  # fmt: skip


@pytest.mark.parametrize("said", ["", "{", "[]", '{"nftables": [{"rule": {}}]}', None])
def test_what_nft_does_not_say_is_no_rule(monkeypatch, said):
    """No nft, no rights, another form: nothing is found and nothing breaks."""
    monkeypatch.setattr(firewall, "output_of", lambda _: said)
    assert list(firewall.rules_of(Place("", ()))) == []


HOSTED = """http { server {
  server_name shop.example; proxy_set_header Host other.example;
  location / {
    proxy_pass http://10.0.0.2:8080; } } }
"""


def test_a_fixed_host_header_becomes_the_visitors():
    """A name that is none of the site's is no longer asked for; the block around counts too."""
    known = facts("wrong-host-header", text=lambda _: HOSTED)
    plan = propose(known, REMEDIES, HANDLING).plans[0]
    assert plan.changes[0].after == HOSTED.replace("Host other.example", "Host $host")


@pytest.mark.parametrize(
    "instead",
    ["Host shop.example", "Host $host", "X-Host other.example"],
)
def test_a_host_header_that_may_be_right_is_left(instead):
    """The site's own name, a variable, another header: nothing is proposed."""
    text = HOSTED.replace("Host other.example", instead)
    assert propose(facts("wrong-host-header", text=lambda _: text), REMEDIES, HANDLING).plans == ()


def test_a_header_of_the_block_itself_hides_those_around_it():
    """Nginx takes the headers of the block around only where the block has none of its own."""
    text = HOSTED.replace("    proxy_pass", "    proxy_set_header X-A b;\n    proxy_pass")
    known = facts("wrong-host-header", text=lambda _: text)
    assert propose(known, REMEDIES, HANDLING).plans == ()


NAMED = "location / {\n  set $app app-old.internal;\n  resolver 10.0.0.2;\n  proxy_pass http://$app:8000;\n}\n"


def named(**more):
    line = seen("config-upstream", by="nginx", file="/etc/nginx/nginx.conf", line=4, place="",
                upstream="$app:8000", protocol="http", variable=True)  # fmt: skip
    return facts("host-not-found", line, text=lambda _: NAMED, **more)


def test_the_name_in_a_variable_becomes_what_the_owner_states():
    """`set` gets the stated host where the stated port is the one that is asked already."""
    plans = propose(named(stated={"upstream": "10.0.0.2:8000"}), REMEDIES, HANDLING).plans
    plan = next(plan for plan in plans if plan.remedy == "name-as-stated")
    assert plan.changes[0].after == NAMED.replace("app-old.internal", "10.0.0.2")


@pytest.mark.parametrize("stated", ["10.0.0.2:9000", "app-old.internal:8000"])
def test_a_stated_address_that_the_variable_cannot_hold_changes_nothing(stated):
    """Another port stands in the directive and not in the variable; the same name is no change."""
    known = named(stated={"upstream": stated})
    assert plan_of(REMEDIES["name-as-stated"], "host-not-found", known, HANDLING) is None


def test_the_database_port_is_found_behind_its_colon():
    """`HOST:PORT` and `HOST` alone become `HOST:PORT` with the port at which it listens."""
    for written in ("10.0.1.2:3307", "10.0.1.2"):
        port = 3307 if ":" in written else 3306
        found = "10.0.1.2:3306" if ":" in written else "10.0.1.2:3310"
        where = {"file": "/srv/wp-config.php", "line": 1}
        config = f"define('DB_HOST', '{written}');\n"
        known = facts(
            "wordpress-db-connection",
            seen("config-database", by="wordpress", database=f"10.0.1.2:{port}", **where),
            seen("database-elsewhere", database=f"10.0.1.2:{port}", found=found, **where),
            text=lambda path, c=config: c if path.startswith("/srv") else NGINX,
        )
        plan = plan_of(REMEDIES["correct-database-port"], "database-down", known, HANDLING)
        assert plan.changes[0].after == config.replace(written, found)


def test_workers_without_files_are_told_by_a_signal():
    """The file gets the larger limit; a worker that hears no reload ends by a signal."""
    text = "worker_rlimit_nofile 26;\n" + NGINX
    limit = seen("config-limit", by="nginx", file="/etc/nginx/nginx.conf", line=1, place="",
                 setting="worker_rlimit_nofile", most="26")  # fmt: skip
    known = facts("fd-exhausted", limit, text=lambda _: text)
    nginx = replace(known.running[0], workers=(78, 79))
    plan = propose(replace(known, running=(nginx,)), REMEDIES, HANDLING).plans[0]
    edit, *commands = plan.changes
    assert edit.after == text.replace("26", "4096")
    assert [command.words for command in commands] == [
        ("kill", "-QUIT", pid) for pid in ("78", "79")
    ]
    assert {command.undo for command in commands} == {("kill", "-HUP", "77")}


def test_every_cache_of_dns_forgets():
    """Each program is told in its own way, and of unbound only this site is forgotten."""
    running = tuple(
        Running(product, pid, "")
        for product, pid in (("systemd-resolved", 5), ("dnsmasq", 6), ("unbound", 7))
    )
    known = facts("resolver-stale", caches=running, stated={"site": "shop.example"})
    plan = propose(known, REMEDIES, HANDLING).plans[0]
    assert [change.words for change in plan.changes] == [
        ("resolvectl", "flush-caches"),
        ("kill", "-HUP", "6"),
        ("unbound-control", "flush_zone", "shop.example"),
    ]
    hostile = replace(known, stated={"site": "--help"})
    assert "forget-dns-answers" in propose(hostile, REMEDIES, HANDLING).refused
    assert propose(facts("resolver-stale"), REMEDIES, HANDLING).plans == ()


def test_only_caches_of_our_own_network_are_ours(monkeypatch):
    """A resolver in a container serves others; ours is found by its process's name."""
    mine = [
        SimpleNamespace(pid=1, info={"name": "dnsmasq"}),
        SimpleNamespace(pid=2, info={"name": "systemd-resolve"}),
        SimpleNamespace(pid=3, info={"name": "nginx"}),
    ]
    networks = {1: "net:[2]"}
    monkeypatch.setattr(caches.psutil, "process_iter", lambda _: iter(mine))
    monkeypatch.setattr(caches, "namespace_of", lambda pid: networks.get(pid, "net:[1]"))
    assert [(one.product, one.pid) for one in caches.dns_caches()] == [("systemd-resolved", 2)]


GROUP = "upstream shops { server 10.0.0.2:1; server 10.0.0.2:2; }\nserver {\n  location / { proxy_pass http://shops; proxy_next_upstream off; }\n}\n"  # noqa: E501


def group(first: str, second: str, text: str = GROUP, measured=(True, True)) -> Facts:
    """Two servers behind nginx, and what each answers when it is asked directly."""
    pairs = list(zip(("10.0.0.2:1", "10.0.0.2:2"), (first, second), measured, strict=True))
    lines = [seen("config-upstream", by="nginx", file="/etc/nginx/nginx.conf", line=1, place="",
                  upstream=upstream, protocol="http", sites=("shop.example",), group="shops")
             for upstream, _, _ in pairs]  # fmt: skip
    asked = [seen("upstream-asked", upstream=u, result=r, status=200) for u, r, _ in pairs]
    known = facts(
        "upstream-crash", text=lambda path: text if path == "/etc/nginx/nginx.conf" else None,
        measured={u: Measured(0.1, 90, plain=True, whole=whole) for u, _, whole in pairs},
    )  # fmt: skip
    return replace(known, verdict=replace(known.verdict, observations=(*lines, *asked)))


def test_a_broken_server_of_a_group_is_left_out():
    """Only where another one answers; an answer whose head is no HTTP is none."""
    plan = plan_of(REMEDIES["leave-broken-server-out"], "upstream-crash",
                   group("answers", "closes"), HANDLING)  # fmt: skip
    assert plan is not None
    assert "server 10.0.0.2:1; server 10.0.0.2:2 down;" in plan.changes[0].after
    odd = group("answers", "answers", measured=(True, False))
    assert plan_of(REMEDIES["leave-broken-server-out"], "upstream-crash", odd, HANDLING) is not None
    for known in (group("closes", "silent"), group("answers", "answers"),
                  group("answers", "closes", GROUP.replace(":2;", ":2 down;"))):  # fmt: skip
        assert (
            plan_of(REMEDIES["leave-broken-server-out"], "upstream-crash", known, HANDLING) is None
        )


def test_the_next_server_is_asked_where_that_is_switched_off():
    """A gateway that does so already is left as it is."""
    remedy = REMEDIES["ask-the-next-server"]
    plan = plan_of(remedy, "upstream-crash", group("answers", "closes"), HANDLING)
    assert plan is not None
    assert "proxy_next_upstream error timeout invalid_header;" in plan.changes[0].after
    done = group("answers", "closes", plan.changes[0].after)
    assert plan_of(remedy, "upstream-crash", done, HANDLING) is None


UNIT = "[Service]\nExecStart=/usr/bin/gunicorn shop:app \\\n  --bind 127.0.0.1:8080\n"


def test_a_unit_that_listens_on_loopback_is_bound_to_the_address_that_is_asked():
    """By a drop-in, and to that address only; the unit's own file stays as it is."""
    service = Service(
        "shop.service", "systemd", True, ("127.0.0.1:8080",), file="/lib/shop.service"
    )
    known = facts(
        "upstream-binds-loopback-only",
        seen("listens-on-loopback-only", upstream="10.0.0.2:8080", found="127.0.0.1:8080"),
        services=(service,), text=lambda path: UNIT if path == service.file else None,
    )  # fmt: skip
    plan = plan_of(REMEDIES["listen-where-asked"], "upstream-down", known, HANDLING)
    assert plan is not None
    (new,) = plan.changes
    assert isinstance(new, Creation)
    assert new.path == "/etc/systemd/system/shop.service.d/50-badgateway.conf"
    assert new.text.startswith("[Service]\nExecStart=\nExecStart=/usr/bin/gunicorn shop:app ")
    assert new.text.endswith("--bind 10.0.0.2:8080\n")
    assert plan.reloads == (("systemctl", "daemon-reload"),
                            ("systemctl", "restart", "--", "shop.service"))  # fmt: skip
    both = replace(known, services=(service, replace(service, name="blog.service")))
    assert plan_of(REMEDIES["listen-where-asked"], "upstream-down", both, HANDLING) is None


def test_the_one_plugin_that_the_logs_name_is_switched_off():
    """Its folder gets another name; of two nobody knows which, and hostile names move nothing."""
    wish = seen("config-database", by="wordpress", file="/srv/shop/wp-config.php", line=4)

    def named(*names: str) -> Facts:
        told = [
            seen("php-fatal", file=f"/srv/shop/wp-content/plugins/{name}/a.php") for name in names
        ]
        return facts("wordpress-plugin", wish, *told, text=lambda _: "<?php")

    remedy = REMEDIES["switch-plugin-off"]
    plan = plan_of(remedy, "wordpress-plugin", named("forms"), HANDLING)
    assert plan is not None
    folder = "/srv/shop/wp-content/plugins"
    assert plan.changes == (Move(f"{folder}/forms", f"{folder}/forms.off"),)
    assert plan_of(remedy, "wordpress-plugin", named("forms", "shop"), HANDLING) is None
    with pytest.raises(ArgumentError):
        plan_of(remedy, "wordpress-plugin", named(".."), HANDLING)


def test_a_pool_is_meant_where_another_protocol_is_met():
    """FastCGI is sent to a port that speaks HTTP, and one pool listens on that machine."""
    line = seen("config-upstream", by="nginx", file="/etc/nginx/nginx.conf", line=4, place="",
                upstream="10.0.0.2:8080", protocol="fastcgi", sites=("shop.example",))  # fmt: skip
    known = facts("protocol-mismatch")
    known = replace(known, verdict=replace(known.verdict, observations=(
        line, seen("upstream-asked", upstream="10.0.0.2:8080", result="other-protocol"),
        seen("listening", address="10.0.0.2:9000"),
        seen("config-pool", address="10.0.0.2:9000", file="/etc/php/www.conf", line=1),
    )))  # fmt: skip
    plan = plan_of(REMEDIES["point-to-listener"], "protocol-mismatch", known, HANDLING)
    assert plan is not None
    assert "10.0.0.2:9000" in plan.changes[0].after
