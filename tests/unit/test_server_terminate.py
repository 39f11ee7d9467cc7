"""A server whose starter never collects it is gone all the same once it has ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from holley_graph.server.layout import Layout
from holley_graph.server.process import terminate
from holley_graph.server.record import ServerRecord

STARTER = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


# The first thread has ended; another one lives until the test says so.
ENDING = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
print("ending", flush=True)
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_killed_process_lives_until_its_last_thread_has_ended() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", ENDING], stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        record = ServerRecord.of(child.pid)
        while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert record.process() is not None
        child.stdin.close()
        while psutil.Process(child.pid).num_threads() > 1:
            time.sleep(0.01)
        assert record.process() is None


def test_a_server_that_its_starter_does_not_collect_counts_as_ended(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "server")
    layout.create()
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        try:
            assert starter.stdout is not None
            record = ServerRecord.of(int(starter.stdout.readline()))
            record.write(layout.record)
            terminate(layout, record, timeout_s=10)
            assert psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE
            assert not layout.record.exists()
        finally:
            starter.kill()
