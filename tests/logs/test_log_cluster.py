"""The same scan on a cluster of several processes: the same figures, also when a worker dies."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from made_logs import access_log
from slow_work import slow_scan
from test_log_figures import equal, summary_of

from badgateway.investigate.logs import logs_at
from badgateway.logs.engines import EngineError, engine_of
from badgateway.logs.gather import gather

distributed = pytest.importorskip("distributed")


class Cluster:
    """A Dask scheduler and workers, each a process of its own."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder = folder
        here = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
        self._started: list[subprocess.Popen[bytes]] = []
        self._start = partial(subprocess.Popen, env=here, cwd=folder, stdout=subprocess.DEVNULL)
        log = (folder / "scheduler.log").open("wb")
        self._run(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", stderr=log
        )
        self.address = self._address()
        for number in range(workers):
            out = (folder / f"worker{number}.log").open("wb")
            self._run(
                *("dask_worker", f"tcp://{self.address}", "--nthreads", "1", "--no-nanny"),
                *("--no-dashboard", "--host", "127.0.0.1", "--death-timeout", "60"),
                stderr=out,
            )

    def _run(self, program: str, *arguments: str, stderr) -> None:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
        self._started.append(self._start(command, stderr=stderr))
        stderr.close()

    def _address(self) -> str:
        for _ in range(300):
            text = (self._folder / "scheduler.log").read_text()
            if found := re.search(r"tcp://(127\.0\.0\.1:\d+)", text):
                return found[1]
            time.sleep(0.1)
        raise AssertionError("the scheduler did not start")

    def kill_a_worker(self) -> None:
        self._started[1].send_signal(signal.SIGKILL)
        self._started[1].wait(10)

    def close(self) -> None:
        # Killed, for a worker asked to end first finishes the piece that it holds.
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait(20)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path, 3)
    yield made
    made.close()


def connected(cluster: Cluster):
    engine = engine_of(f"dask://{cluster.address}")
    engine._client.wait_for_workers(3, timeout=60)
    engine.workers = 3
    return engine


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_figures_and_survives_a_dead_worker(
    cluster, tmp_path, monkeypatch
):
    """Several processes, one of them killed in the middle: nothing lost, nothing counted twice."""
    path = tmp_path / "access.log"
    access_log(path, 24_000_000)
    alone = summary_of(path)
    monkeypatch.setattr("badgateway.logs.gather.LEAST_PIECE", 1_000_000)
    logs, _ = logs_at([str(path)])
    engine = connected(cluster)
    try:
        equal(gather(logs, engine).summary, alone)
        done: list[int] = []
        monkeypatch.setattr("badgateway.logs.gather.scan", slow_scan)

        def heard(so_far: int, whole: int) -> None:
            done.append(so_far)
            if len(done) == 3:
                threading.Thread(target=cluster.kill_a_worker).start()

        equal(gather(logs, engine, heard).summary, alone)
        assert done[-1] == path.stat().st_size
        assert len(done) > 6
        assert len(engine._client.nthreads()) == 2
    finally:
        engine.close()


@pytest.mark.parametrize("address", ["spark://here:1", "dask://", "nonsense"])
def test_an_engine_nobody_knows_is_refused(address):
    """The message says what would be right."""
    with pytest.raises(EngineError, match="dask://HOST:PORT"):
        engine_of(address)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    """No cluster there: said with the command that starts one."""
    monkeypatch.setattr("badgateway.logs.engines.dask._WAIT", "1s")
    with pytest.raises(EngineError, match="dask scheduler"):
        engine_of("dask://127.0.0.1:1")
