"""Two hundred people check at once: no error, the queue shown, memory bounded.

Each comes from an address of his own, sends the form, follows the events to the end and reads the
verdict. The site is a real one on loopback whose application is stopped; every person asks for
another page of it, so that nobody shares a look. `--people N` for another number.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from badgateway.demo.site import DemoSite

SERVER = """
import sys
from badgateway.model.target import Wishes
from badgateway.transport.reach import Reach
from badgateway.web.serve import serve
from badgateway.web.settings import Settings
port, site = int(sys.argv[1]), int(sys.argv[2])
settings = Settings(
    port=port, at_once=8, queue=500, per_minute=10, remembered=600,
    wishes=Wishes(public_resolvers=False, for_another=True),
    reach=Reach(known=frozenset({("127.0.0.1", site)})),
)
sys.exit(serve(settings, None, lambda: print("ready", flush=True), print))
"""


@dataclass
class Person:
    """What one person met."""

    seconds: float = 0.0
    place: int = 0
    answer: str = ""
    error: str = ""


async def request(number: int, port: int, method: str, path: str, body: str = ""):
    """One request from the address of person `number`; the streams after its head."""
    source = (f"127.0.{1 + number // 250}.{1 + number % 250}", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
    kind = "application/x-www-form-urlencoded"
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    return head, reader, writer


async def person(number: int, port: int, site: str) -> Person:
    """From the form to the verdict."""
    met, began = Person(), time.perf_counter()
    try:
        head, _, writer = await request(number, port, "POST", "/check", f"url={site}p{number}")
        writer.close()
        place = re.search(r"location: (\S+)", head)
        if place is None:
            met.error = head.partition("\r\n")[0]
            return met
        _, reader, writer = await request(number, port, "GET", place[1])
        await reader.read()
        writer.close()
        _, reader, writer = await request(number, port, "GET", f"{place[1]}/events")
        state = ""
        async for line in reader:
            if line.startswith(b"data: "):
                news = json.loads(line[6:])
                state, met.place = news["state"], max(met.place, news["place"])
        writer.close()
        _, reader, writer = await request(number, port, "GET", f"{place[1]}/verdict")
        met.answer = re.search(r"<h1[^>]*>([^<]*)", (await reader.read()).decode())[1]
        writer.close()
        if state != "done":
            met.error = f"ended as {state}"
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        met.error = f"{type(error).__name__}: {error}"
    met.seconds = time.perf_counter() - began
    return met


def memory(pid: int, what: str) -> float:
    """MiB of a process: `VmRSS` now, `VmHWM` at its highest."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+)", status)[1]) / 1024


def measured(people: int) -> dict[str, object]:
    """Let so many people come at once."""
    port = 8_597
    with DemoSite() as site:
        site.stop_application()
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(port), str(site.gateway_port)],
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            time.sleep(0.3)
            before = memory(server.pid, "VmRSS")

            async def all_at_once():
                return await asyncio.gather(*(person(n, port, site.url) for n in range(people)))

            began = time.perf_counter()
            met = asyncio.run(all_at_once())
            took = time.perf_counter() - began
            peak = memory(server.pid, "VmHWM")
        finally:
            server.terminate()
            server.wait(10)
    seconds = sorted(one.seconds for one in met)
    return {
        "people": people,
        "errors": sum(bool(one.error) for one in met),
        "first_error": next((one.error for one in met if one.error), None),
        "right": sum(one.answer == "502 Bad Gateway" for one in met),
        "saw_their_place": sum(one.place > 0 for one in met),
        "last_place": max(one.place for one in met),
        "all_s": round(took, 2),
        "median_s": round(statistics.median(seconds), 2),
        "memory_before_mb": round(before),
        "memory_peak_mb": round(peak),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=200)
    print(json.dumps(measured(parser.parse_args().people)))
