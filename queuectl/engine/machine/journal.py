"""A worker's journal: what it has started and how that ended, for a recovery after the worker's death.

It is a file in `run/` that is mapped into memory. A record is written without a system call and survives any end of the
worker, but no restart of the machine. A recovery believes a record if its checksum is right and it is of this home,
boot, worker and attempt; what its pids mean depends on the pid namespace.

    file:    SLOTS records, used in turn, allocated in full when it is made (a hole in a file on a full disk would kill
             the worker at its first write)
    record:  4096 bytes, little endian: checksum and length of what follows, then WRITER, ATTEMPT, the spared PAIRs,
             the beginning of the output if there is room (none is written yet)

A record is written before the command starts, with the inodes of its pipes; again with the pid as soon as there is
one, with the process's start time at the first renewal, and with the outcome at the end.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
import zlib

from ...model.record import Record
from ...store.lockfile import is_in_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection, Iterable, Sequence, Tuple

    from ...model.outcome import Outcome

    # A process by pid and start time.
    Pair = Tuple[int, str]
    Writer = Tuple[str, str, str, int]
else:
    Pair = tuple

VERSION = 1
SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
SLOTS = 8
RECORD_BYTES = 4096
MAGIC = b"QCJL"
MOST_SPARED = 256
PAIR = struct.Struct("<IQ")  # a pid and its start
HEAD = struct.Struct("<II")  # checksum, length
# magic, version, home, boot, namespace, worker: the same in all records of a worker
WRITER = struct.Struct("<4sH16s40s40sQ")
# attempt, started, pid, its start, two inodes, ended, outcome, exit code, signal, ended at, duration, number of spared
# processes, length of the output
ATTEMPT = struct.Struct("<QQI40sQQB16siiQQHH")
FIXED_BYTES = WRITER.size + ATTEMPT.size
UNKNOWN = -1


class AttemptRecord(Record):
    """One attempt: times in milliseconds, `started` and `ended_at` by the same clock as start times of processes.

    `writer` is home, boot, pid namespace and number of the worker. `pid` is 0 and `pid_start` empty until they are
    known; `outcome` is None until it has ended.
    """

    writer: Writer
    attempt: int
    started: int
    pipes: tuple[int, int]
    spared: Collection[Pair]
    pid: int = 0
    pid_start: str = ""
    outcome: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    ended_at: int = 0
    duration: int = 0

    def pack(self, writer: bytes) -> bytes:
        """Return the bytes of the record, without the empty rest; `writer` is what `pack_writer` returned."""
        spared = tuple(self.spared)[-MOST_SPARED:]
        codes = (UNKNOWN if code is None else code for code in (self.exit_code, self.signal))
        begun = (self.attempt, self.started, self.pid, self.pid_start.encode(), *self.pipes)
        ended = (self.outcome is not None, (self.outcome or "").encode(), *codes, self.ended_at, self.duration)
        body = writer + ATTEMPT.pack(*begun, *ended, len(spared), 0)
        for pid, start in spared:
            body += PAIR.pack(pid, int(start) if start.isdigit() else 0)
        return HEAD.pack(zlib.crc32(body), len(body)) + body

    @classmethod
    def unpack(cls, data: bytes) -> AttemptRecord | None:
        """Return the record that the bytes hold, None if they are torn, empty or of another version."""
        checksum, length = HEAD.unpack_from(data)
        body = data[HEAD.size : HEAD.size + length]
        if length < FIXED_BYTES or len(body) < length or zlib.crc32(body) != checksum:
            return None
        magic, version, home, boot, namespace, worker = WRITER.unpack_from(body)
        if magic != MAGIC or version != VERSION:
            return None
        attempt, started, pid, pid_start, out, err, ended, *end, spared, _ = ATTEMPT.unpack_from(body, WRITER.size)
        writer = (_text(home), _text(boot), _text(namespace), worker)
        pairs = [PAIR.unpack_from(body, FIXED_BYTES + number * PAIR.size) for number in range(spared)]
        left = tuple((pid, str(start)) for pid, start in pairs)
        found = cls(writer, attempt, started, (out, err), left, pid, _text(pid_start))
        if ended:
            outcome, exit_code, signal, found.ended_at, found.duration = end
            found.outcome = _text(outcome)
            found.exit_code, found.signal = (None if code == UNKNOWN else code for code in (exit_code, signal))
        return found


def pack_writer(writer: Writer) -> bytes:
    """Return the part of a record that says whose it is."""
    home, boot, namespace, worker = writer
    return WRITER.pack(MAGIC, VERSION, home.encode(), boot.encode(), namespace.encode(), worker)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("ascii", "replace")


class Journal:
    """The journal as its worker, `writer`, writes it. Raises OSError if it cannot be made, allocated or mapped."""

    def __init__(self, path: str, writer: Writer) -> None:
        self.path = path
        self._writer = writer
        self._packed = pack_writer(writer)
        self._memory, self._file = _make(path)
        self._slot = 0
        self._record: AttemptRecord | None = None

    def begin(self, attempt: int, *, started: int, pipes: tuple[int, int], spared: Iterable[Pair]) -> None:
        """Note that an attempt is about to start, with the inodes of its pipes and the processes to leave alone."""
        self._slot = (self._slot + 1) % SLOTS
        self._record = AttemptRecord(self._writer, attempt, started, pipes, tuple(spared))
        self._write()

    def note_process(self, pid: int, start: str = "") -> None:
        """Note the attempt's process; `start` may follow later."""
        assert self._record is not None
        self._record.pid, self._record.pid_start = pid, start
        self._write()

    def end(self, outcome: Outcome, *, ended_at: int, duration: int, spared: Iterable[Pair]) -> None:
        """Note how the attempt ended, if it began, and the processes that it was allowed to leave."""
        record = self._record
        if record is None:
            return
        record.outcome, record.exit_code, record.signal = outcome.kind, outcome.exit_code, outcome.signal
        record.ended_at, record.duration, record.spared = ended_at, duration, tuple(spared)
        self._write()
        self._record = None

    def is_in_place(self) -> bool:
        """Return whether others find the file that we write, in its full size."""
        return is_in_place(self.path, self._file) and os.path.getsize(self.path) == SLOTS * RECORD_BYTES

    def make_again(self) -> None:
        """Make the file again, with the attempt under way. Raises OSError; then the old memory stays in use."""
        old = self._memory
        self._memory, self._file = _make(self.path)
        old.close()
        if self._record is not None:
            self._write()

    def close(self, *, keep: bool = False) -> None:
        """Close it as the worker leaves in order; remove it, or keep it for later recoveries."""
        self._memory.close()
        if not keep and os.path.exists(self.path):
            os.unlink(self.path)

    def _write(self) -> None:
        assert self._record is not None
        data = self._record.pack(self._packed)
        place = self._slot * RECORD_BYTES
        self._memory[place : place + len(data)] = data


def _make(path: str) -> tuple[mmap.mmap, os.stat_result]:
    size = SLOTS * RECORD_BYTES
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        _allocate(descriptor, size)
        return mmap.mmap(descriptor, size), os.fstat(descriptor)
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def _allocate(descriptor: int, size: int) -> None:
    """Give the file all its room. Raises OSError where there is none."""
    try:
        os.posix_fallocate(descriptor, 0, size)
        return
    except AttributeError:
        pass  # A system without it.
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise  # Else it is a file system without it.
    while os.fstat(descriptor).st_size < size:
        os.write(descriptor, bytes(size - os.fstat(descriptor).st_size))


def read(path: str) -> Sequence[AttemptRecord]:
    """Return the records of a journal that can be believed; none without a plain file. Raises OSError for shortages."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
        try:
            data = os.read(descriptor, SLOTS * RECORD_BYTES)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in SHORTAGES:
            raise
        return ()
    pieces = (data[place : place + RECORD_BYTES] for place in range(0, len(data), RECORD_BYTES))
    found = (AttemptRecord.unpack(piece) for piece in pieces if len(piece) >= HEAD.size)
    return [record for record in found if record is not None]
