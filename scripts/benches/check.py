"""How long a full check of a healthy site takes, over the slowest single probe in it: goal < 1.3.

The site answers on loopback, once at once and once after a delay like that of a real way; the
probe's time is what the run itself saw from its start to its end.
"""

import asyncio
import json
import statistics
import time

from badgateway.demo.site import DemoSite
from badgateway.investigate.check import check_url
from badgateway.investigate.runner import Event
from badgateway.knowledge.base import knowledge
from badgateway.model.target import Wishes, target_of

ROUNDS = 15


async def once(url: str) -> tuple[float, float]:
    """Milliseconds of one check, and of the slowest probe in it."""
    began: dict[tuple[str, str], float] = {}
    slowest = 0.0

    def heard(event: Event) -> None:
        nonlocal slowest
        key = (event.probe, event.observation.id)
        if event.kind == "started":
            began[key] = event.seconds
        elif event.kind in ("ended", "unfinished") and key in began:
            slowest = max(slowest, event.seconds - began[key])

    started = time.perf_counter()
    verdict = await check_url(target_of(url), Wishes(timeout=10), heard)
    if verdict.outcome != "healthy":
        raise SystemExit(f"the site of the benchmark is not healthy: {verdict.outcome}")
    return (time.perf_counter() - started) * 1000, slowest * 1000


def main() -> None:
    """Print the figures as one JSON line."""
    started = time.perf_counter()
    knowledge()
    loading = (time.perf_counter() - started) * 1000
    figures: dict[str, object] = {
        "bench": "check",
        "rounds": ROUNDS,
        "knowledge_ms": round(loading),
    }
    for name, delay in (("", 0.05), ("at_once_", 0.0)):
        with DemoSite(delay) as site:
            asyncio.run(once(site.url))
            times = [asyncio.run(once(site.url)) for _ in range(ROUNDS)]
        figures[f"{name}check_ms"] = round(statistics.median(t for t, _ in times), 2)
        figures[f"{name}slowest_probe_ms"] = round(statistics.median(s for _, s in times), 2)
        figures[f"{name}ratio"] = round(statistics.median(t / s for t, s in times), 3)
    print(json.dumps({**figures, "goal": 1.3}))


if __name__ == "__main__":
    main()
