"""Writes internal/tensorboard/testdata/events.bin: an event file by TensorBoard's own writer.

Versions: tensorboard 2.21.0, Python 3.11.
Usage: python hack/goldens/tensorboard/events.py internal/tensorboard/testdata/events.bin
"""

import sys

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

START = 1700000000.25
with open(sys.argv[1], "wb") as f:
    w = RecordWriter(f)

    def add(**fields):
        w.write(Event(**fields).SerializeToString())

    add(wall_time=START, file_version="brain.Event:2")
    add(wall_time=START, step=4, session_log=SessionLog(status=SessionLog.START))
    for step, points in (
        (0, [("train/loss", 0.6931471805599453)]),
        (4, [("train/loss", 0.5), ("rate/layer.0", 5e-05), ("rate/head", 0.0)]),
        (300, [("validation/accuracy", 0.875), ("größe", -1e30)]),
        (2**40, [("train/grad_norm", float("inf"))]),
    ):
        values = [Summary.Value(tag=t, simple_value=v) for t, v in points]
        add(wall_time=START + step % 1000, step=step, summary=Summary(value=values))
    w.flush()
