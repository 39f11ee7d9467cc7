"""A server whose starter never collects it is gone all the same once it has ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from holley_graph.server.layout import Layout
from holley_graph.server.process import terminate
from holley_graph.server.record import Record

STARTER = """
import subprocess, sys, time
child = subprocess.Popen(["sleep", "600"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_server_that_its_starter_does_not_collect_counts_as_ended(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "server")
    layout.create()
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        try:
            assert starter.stdout is not None
            record = Record.of(int(starter.stdout.readline()))
            record.write(layout.record)
            terminate(layout, record, timeout_s=10)
            assert psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE
            assert not layout.record.exists()
        finally:
            starter.kill()
