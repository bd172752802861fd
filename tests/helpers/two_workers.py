"""The program behind test_workers.py: two workers on this machine, in their own network namespace.

`two_workers.py all FOLDER` brings up the loopback interface and starts both workers. `two_workers.py 0 FOLDER`
is the first worker. TensorFlow's servers listen on all addresses: run it only inside `unshare --net`.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

PORTS = (4001, 4002)
EPOCHS, KILLED_AT = 5, 3


def bring_up_loopback():
    routes = Path("/proc/net/route").read_text().splitlines()[1:]
    assert not routes, (
        f"This network must not have routes to the outside, got {routes}. Run this program inside `unshare --net`."
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up_and_running = 0x1 | 0x40
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", up_and_running))  # SIOCSIFFLAGS


def start_both(folder):
    """Start both workers, wait, and return their exit codes; a negative code is a signal."""
    workers = []
    for index in range(2):
        (folder / f"worker{index}").mkdir(exist_ok=True)
        with (folder / f"worker{index}.txt").open("a") as output:
            command = [sys.executable, __file__, str(index), str(folder)]
            workers.append(subprocess.Popen(command, stdout=output, stderr=output, cwd=folder / f"worker{index}"))
    try:
        return [worker.wait(timeout=240) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def work(index, folder):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in PORTS]}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()  # must come before any other use of TensorFlow

    import keras
    from descent_by_hand import CASES, table

    import linfit
    from linfit.callbacks import StatusPrinter, StopAtTruth, TensorBoardLogger
    from linfit.keras_utils import replicas

    results: dict = {}

    def made(**options):
        with strategy.scope():
            return linfit.LinearRegression(dtype="float64", **options)

    def keep(name, model, **more):
        trajectory = model.trajectory
        results[name] = {
            "w": model.w.numpy(),
            "b": model.b.numpy(),
            "step": trajectory.step,
            "loss": trajectory.loss,
            **more,
        }

    def refusal(name, action):
        try:
            action()
            results[name] = "not refused"
        except (ValueError, tf.errors.OpError) as error:
            results[name] = str(error)

    def streams():
        for case in CASES:
            model = made(use_bias=case.use_bias, kernel_regularizer=keras.regularizers.L2(case.l2) if case.l2 else None)
            model.compile(0.05, loss=case.loss, metrics=["mae"])
            stream = tf.data.Dataset.from_tensor_slices(case.data()).batch(case.batch_size).repeat()
            history = model.fit(stream, steps_per_epoch=50, verbose=0).history
            keep(str(case), model, history=history)

    def rows_in_memory():
        x, y, weight = table(67)
        model = made(kernel_regularizer=keras.regularizers.L2(0.125))
        model.compile(0.05, metrics=["mae"])
        options = {"validation_data": table(5, seed=1)[:2], "validation_batch_size": 3, "shuffle": False, "verbose": 2}
        history = model.fit(x, y, 16, 2, sample_weight=weight, **options).history
        evaluated = model.evaluate(x, y, sample_weight=weight, batch_size=16, verbose=0)
        keep("memory", model, history=history, evaluated=evaluated, predicted=model.predict(x, 16, verbose=0))

        # At so small a rate every step has the gradient at the start, so the steps sum to the gradient of all rows.
        model = made()
        model.compile(1e-12)
        model.fit(x[:64], y[:64], 16, 1, verbose=0)
        keep("shuffled", model)

        model = made()
        model.compile("auto")
        stop = StopAtTruth(0.9, linfit.GroundTruth(w=[[1.0, -1.0], [2.0, 0.5], [-1.0, 3.0]], b=[0.5, -2.0]))
        model.fit(x, y, 67, 20, verbose=0, callbacks=[stop])
        keep("stopped", model, stopped_at=stop.stopped_at, rate=model.optimizer.learning_rate.numpy())

    def refusals():
        x, y, _ = table(8)
        model = made()
        model.compile(0.05)
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(4).with_options(options)
        refusal("off", lambda: model.fit(stream, verbose=0))
        refusal("other rows", lambda: model.fit(x + index, y, verbose=0))
        model.w.assign(model.w + index)
        refusal("other start", lambda: model.fit(x, y, verbose=0))
        repair, replicas._as_vectors = replicas._as_vectors, lambda logs: logs
        model = made()
        model.compile(0.05)
        refusal("20585", lambda: model.fit(x, y, verbose=0))
        replicas._as_vectors = repair

    class Killed(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_end(self, batch, logs=None):
            if (self.epoch, batch, index) == (KILLED_AT, 2, 1):
                os.kill(os.getpid(), signal.SIGKILL)

    def killed_and_restarted(has_been_killed):
        x, y, _ = table(67)
        model = made()
        model.compile(0.05)
        callbacks = [
            keras.callbacks.BackupAndRestore(str(folder / "backup")),
            keras.callbacks.ModelCheckpoint("checkpoint.keras"),
            keras.callbacks.CSVLogger("history.csv", append=True),
            TensorBoardLogger("logs"),
            StatusPrinter(every=5),
        ]
        callbacks += [] if has_been_killed else [Killed()]
        history = model.fit(x, y, 16, EPOCHS, shuffle=False, verbose=2, callbacks=callbacks)
        keep("restarted", model, epochs=history.epoch, steps=model.optimizer.iterations.numpy())

    has_been_killed = (folder / "backup").exists()
    if not has_been_killed:
        streams()
        rows_in_memory()
        refusals()
    path = folder / f"results{index}{'b' if has_been_killed else 'a'}.json"

    def write():
        path.write_text(json.dumps(results, default=lambda value: value.tolist()))

    write()
    killed_and_restarted(has_been_killed)
    write()


if __name__ == "__main__":
    where = Path(sys.argv[2])
    if sys.argv[1] == "all":
        bring_up_loopback()
        print(json.dumps([start_both(where), start_both(where)]))
    else:
        work(int(sys.argv[1]), where)
