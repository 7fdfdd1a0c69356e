"""Settings of several files, held together."""

import pytest

from badgateway.inference.wiring import wired
from badgateway.investigate.sort import read_together
from badgateway.knowledge.yaml_text import documents
from badgateway.model.material import material_of
from badgateway.model.observation import Evidence


def joined(*texts, names=()):
    """What some configuration says when it is held together."""
    names = names or [f"file{number}" for number in range(len(texts))]
    materials = [material_of(name, text) for name, text in zip(names, texts, strict=True)]
    evidence = Evidence(read_together(materials))
    found = list(wired(evidence))
    return {o.text("flaw") or o.name: o for o in [*evidence.named("config-flaw"), *found]}


def nginx(target, more="", top=""):
    location = f"  location / {{\n   proxy_pass {target};\n{more}  }}\n"
    return f"{top}events {{}}\nhttp {{\n server {{\n{location} }}\n}}\n"


COMPOSE = """services:
  proxy:
    image: nginx:1.27
    ports: ["80:80"]
    networks: [front]
  app:
    image: shop/app
    ports: ["8080:3000"]
    networks: [{network}]
"""


@pytest.mark.parametrize(
    ("target", "network", "word"),
    [
        ("http://app:3000", "back", "networks-differ"),
        ("http://app:3000", "front", None),
        ("http://app:8080", "front", "port-mismatch"),
        ("http://aap:3000", "front", "upstream-undefined"),
        ("http://127.0.0.1:3000", "front", "localhost-in-container"),
        ("http://shop.example:3000", "front", None),
    ],
)
def test_a_proxy_and_its_compose_file_must_agree(target, network, word):
    """The upstream's name is a service on a network of the proxy's, at the port behind it."""
    found = set(joined(nginx(target), COMPOSE.format(network=network))) - {"name-resolved-once"}
    assert found == ({word} if word else set())


SERVICE = """apiVersion: v1
kind: Service
metadata: {{name: web}}
spec:
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: {target}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  template:
    metadata: {{labels: {{app: {label}, tier: front}}}}
    spec:
      containers:
      - name: web
        ports: [{{name: http, containerPort: 3000}}]
        readinessProbe: {{httpGet: {{path: /, port: {probe}}}}}
"""
INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop}}
spec:
  rules:
  - host: shop.example
    http: {{paths: [{{path: /, backend: {{service: {{name: web, port: {{number: {port}}}}}}}}}]}}
"""


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({}, None),
        ({"target": "http"}, None),
        ({"target": "8080"}, "target-port"),
        ({"target": "web"}, "port-name"),
        ({"label": "other"}, "selector-matches-nothing"),
        ({"replicas": "0"}, "no-replicas"),
        ({"probe": "8081"}, "probe-port"),
        ({"port": "8080"}, "port-mismatch"),
    ],
)
def test_manifests_must_agree(change, word):
    """Ingress, Service and pods name the same ports and labels."""
    values = {"target": "3000", "replicas": "2", "label": "web", "probe": "http", "port": "80"}
    values |= change
    found = set(joined(SERVICE.format(**values), INGRESS.format(**values)))
    assert found == ({word} if word else set())


UNIT = """[Service]
ExecStart=/srv/bin/gunicorn -b unix:/tmp/app.sock --timeout {timeout} a:a
PrivateTmp={private}
"""


@pytest.mark.parametrize(("private", "found"), [("true", True), ("no", False)])
def test_a_socket_in_a_tmp_of_its_own_cannot_be_found(private, found):
    """PrivateTmp gives a unit its own /tmp, so nobody else sees a socket in it."""
    unit = UNIT.format(timeout=30, private=private)
    words = joined(nginx("http://unix:/tmp/app.sock"), unit)
    assert ("socket-in-private-tmp" in words) is found


@pytest.mark.parametrize(("timeout", "found"), [(120, True), (30, False)])
def test_the_gateway_must_wait_longer_than_the_application(timeout, found):
    """The gateway waits 60 s where nothing is said; a worker that may take longer is cut off."""
    unit = UNIT.format(timeout=timeout, private="no")
    assert ("timeouts-out-of-order" in joined(nginx("http://10.0.0.2:80"), unit)) is found


@pytest.mark.parametrize(
    ("pool", "found"),
    [
        ("listen.owner = www-data\nlisten.group = www-data\nlisten.mode = 0660\n", False),
        ("listen.owner = app\nlisten.group = app\nlisten.mode = 0660\n", True),
        ("listen.owner = app\nlisten.group = www-data\nlisten.mode = 0600\n", True),
        ("listen.owner = app\nlisten.group = app\nlisten.mode = 0666\n", False),
        ("", False),
    ],
)
def test_a_socket_must_be_open_to_the_gateways_user(pool, found):
    """Owner, group and mode of a pool's socket against the user that nginx runs as."""
    text = f"[www]\nuser = app\nlisten = /run/php/app.sock\npm.max_children = 5\n{pool}"
    words = joined(nginx("http://10.0.0.2:80", top="user www-data;\n"), text)
    assert ("socket-mode" in words) is found


@pytest.mark.parametrize(("files", "found"), [(512, True), (65_535, False)])
def test_a_worker_needs_as_many_files_as_connections(files, found):
    """worker_connections above the limit of open files cannot be reached."""
    top = f"worker_rlimit_nofile {files};\n"
    config = nginx("http://10.0.0.2:80", top=top).replace(
        "events {}", "events { worker_connections 4096; }"
    )
    assert ("limit-below-need" in joined(config)) is found


def test_a_name_is_looked_up_once_or_needs_a_resolver():
    """A plain name is resolved when nginx starts; one in a variable at each request."""
    assert "name-resolved-once" in joined(nginx("http://app:8000"))
    assert "resolver-missing" in joined(nginx("http://$target:8000"))
    assert "resolver-missing" not in joined(
        nginx("http://$target", more="   resolver 10.0.0.53;\n")
    )
    assert joined(nginx("http://10.0.0.2:8000")) == {}


def test_idle_times_of_an_application_without_a_setting_are_its_own():
    """The server uvicorn closes idle connections after 5 s unless it is told otherwise."""
    unit = "[Service]\nExecStart=/srv/bin/uvicorn app:app --port 8000\nPrivateTmp=no\n"
    config = "upstream app {\n server 127.0.0.1:8000;\n keepalive 16;\n}\n"
    assert "keepalive-out-of-order" in joined(config, unit)


BOMBS = {
    "aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
    ),
    "merges": "a: &a {k: v}\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [*{chr(97 + n)}, *{chr(97 + n)}]}}\n"
        for n in range(24)
    ),
    "deep": "[" * 100_000,
    "itself": "a: &a [*a]\n",
    "tag": "a: !!python/object/apply:os.system [id]\n",
    "broken": "a: [\n",
    "many": "---\na: b\n" * 5_000,
}  # fmt: skip


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_yaml_that_unfolds_without_end_is_left_out(text):
    """Aliases and merges cost what they stand for, and there is a limit; tags do nothing."""
    found = list(documents(text))
    assert len(found) <= 500
    assert all(isinstance(value, str | list | dict) for table in found for value in table.values())
