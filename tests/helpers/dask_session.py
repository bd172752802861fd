"""The program behind test_dask.py: condenses parts on a local Dask cluster, one of whose workers is killed meanwhile.

`dask_session.py FOLDER` reads FOLDER/*.parquet and writes its results to FOLDER, where test_dask.py checks them. Run it
in its own network namespace.
"""

import fcntl
import json
import os
import pickle
import signal
import socket
import struct
import sys
import time
from pathlib import Path


def bring_lo_up():
    with socket.socket() as some:
        request = struct.pack("16sh", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(some, 0x8914, request)  # SIOCSIFFLAGS


def listening():
    """Return the addresses of all listening sockets in this network namespace, in hexadecimal."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    sockets = [line.split() for line in lines]
    return sorted({words[1].split(":")[0] for words in sockets if words[3] == "0A"})


class DiesOnTheWay:
    """A part that kills its first worker after half of its batches have been read."""

    def __init__(self, batches, marker):
        self.batches, self.marker = batches, marker
        self.feature_names = batches.feature_names

    def __iter__(self):
        batches = list(self.batches)
        yield from batches[: len(batches) // 2]
        if not self.marker.exists():
            self.marker.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        yield from batches[len(batches) // 2 :]


def main(folder):
    bring_lo_up()
    import train
    from distributed import Client, LocalCluster

    import linfit
    from linfit import SufficientStatistics

    batches = linfit.read_batches(folder / "*.parquet", "rent", batch_rows=2000)
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None
        ) as own,
        Client(own) as client,
    ):
        workers = {worker["pid"] for worker in client.run(lambda: {"pid": os.getpid()}).values()}
        found = {"addresses": listening()}
        parts = batches.parts(8)
        parts[3] = DiesOnTheWay(parts[3], folder / "killed")
        started = time.monotonic()
        statistics = SufficientStatistics.from_parts(parts, executor=client)
        found["seconds"] = time.monotonic() - started
        found["killed"] = int((folder / "killed").read_text()) in workers
        (folder / "statistics.pickle").write_bytes(pickle.dumps(statistics))
        bad = linfit.read_batches(folder / "bad.csv", "rent")
        try:
            SufficientStatistics.from_parts([*parts[:2], bad], executor=client)
        except linfit.InputError as error:
            found["error"] = str(error)
        client.wait_for_workers(2)
        words = ["--csv", str(folder / "*.parquet"), "--target", "rent", "--stream", "--logs", str(folder / "logs")]
        words += ["--learning-rate", "auto", "--steps", "20"]
        found["train"] = train.main([*words, "--scheduler", own.scheduler_address])
    (folder / "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
