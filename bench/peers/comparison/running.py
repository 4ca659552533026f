"""The processes of one library, from start to end, and the line to each of its ranks.

All libraries run for the whole comparison; each of their ranks blocks on its socket unless it is
told to work (harness/command_channel.h is the other end). A rank that ends, stays silent past a
deadline or answers nonsense takes its library out of the run, with the last words of its stderr;
the others go on. Only processes that were started here are ever ended, each by its own id.
"""
import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time

START_SECONDS = 60
COMMAND_SECONDS = 120
STOP_SECONDS = 10
KILL_SECONDS = 3
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class LibraryFailed(Exception):
    """Why a library can no longer take part."""


def cpu_seconds(pid):
    """User and system time of a process so far; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


class RunningLibrary:
    """Start it, ask() it, stop it. One thread."""

    def __init__(self, library, placement, folder, buffers="ordinary", command_seconds=COMMAND_SECONDS):
        self.peer = library
        self.placement = placement
        self.prefix = os.path.join(folder, library.name)
        self.buffers = buffers
        self.command_seconds = command_seconds
        self.version = ""
        self.failed = False
        self.command = []
        self.environment = {}
        self.pids = []        # of the ranks, by rank
        self.processes = []   # what was started here: the ranks, or their launcher
        self.lines = []       # socket files, by rank
        self.listener = None
        self.log = None

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.prefix + ".socket")
        self.listener.listen(self.placement.ranks)
        self.log = open(self.prefix + ".log", "wb")
        words = [self.peer.adapter, "--meet", self.prefix, "--buffers", self.buffers,
                 *self.peer.arguments(self.placement)]
        launcher, variables = self.peer.launch(self.placement) if self.peer.launch else ([], {})
        self.environment = {**variables, **self.peer.extra_environment}
        self.command = [*launcher, *words]
        if launcher:
            self._spawn(self.command)
        else:
            for rank in range(self.placement.ranks):
                self._spawn([*words, "--rank", str(rank)])
        self._meet(time.monotonic() + START_SECONDS)

    def _spawn(self, words):
        self.processes.append(subprocess.Popen(
            words, env={**os.environ, **self.environment}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, start_new_session=True))

    def _meet(self, deadline):
        """Waits for the hello of every rank."""
        ranks = self.placement.ranks
        self.lines, self.pids = [None] * ranks, [0] * ranks
        self.listener.settimeout(0.2)
        connected = []
        while len(connected) < ranks:
            try:
                connected.append(self.listener.accept()[0])
            except TimeoutError:
                self._complain_if_ended()
                if time.monotonic() > deadline:
                    self._fail(f"only {len(connected)} of {ranks} ranks came within {START_SECONDS} s")
        for line in connected:
            words = self._read_line(line, deadline).split(maxsplit=3)
            if len(words) < 3 or words[0] != "hello":
                self._fail(f"a rank introduced itself as {words}")
            rank = int(words[1])
            self.lines[rank], self.pids[rank] = line, int(words[2])
            self.version = " ".join(words[3].split()) if len(words) > 3 else ""

    def _complain_if_ended(self):
        for process in self.processes:
            if process.poll() is not None:
                self._fail(f"process {process.pid} ended with status {process.returncode}")

    def _read_line(self, line, deadline):
        received = b""
        while not received.endswith(b"\n"):
            line.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                part = line.recv(4096)
            except TimeoutError:
                self._fail("a rank did not answer in time")
            except OSError as error:
                self._fail(f"a rank's line broke: {error}")
            if not part:
                self._fail("a rank ended")
            received += part
        return received.decode(errors="replace").strip()

    def _fail(self, what):
        self.failed = True
        raise LibraryFailed(f"{self.peer.title}: {what}{self._last_words()}")

    def _last_words(self):
        time.sleep(0.2)  # a dying rank's sentence may still be on its way through the launcher
        try:
            with open(self.prefix + ".log", encoding="utf-8", errors="replace") as log:
                lines = [line.strip() for line in log if line.strip()]
        except OSError:
            return ""
        return "".join(f"\n    {line}" for line in lines[-6:])

    def ask(self, command, seconds=None):
        """Tells all ranks at once; their answers by rank, without the leading ok."""
        seconds = seconds or self.command_seconds
        deadline = time.monotonic() + seconds
        answers = [None] * len(self.lines)
        with selectors.DefaultSelector() as waiting:
            for rank, line in enumerate(self.lines):
                try:
                    line.sendall(f"{command}\n".encode())
                except OSError as error:
                    self._fail(f"rank {rank} cannot be told '{command}': {error}")
                waiting.register(line, selectors.EVENT_READ, rank)
            while waiting.get_map():
                ready = waiting.select(max(0.0, deadline - time.monotonic()))
                if not ready:
                    self._fail(f"no answer to '{command}' within {seconds} s")
                for key, _ in ready:
                    answers[key.data] = self._read_line(key.fileobj, deadline).split()
                    waiting.unregister(key.fileobj)
        if any(not answer or answer[0] != "ok" for answer in answers):
            self._fail(f"answered {answers} to '{command}'")
        return [answer[1:] for answer in answers]

    def cpu_seconds(self):
        """What its ranks, and what was started to start them, have used so far."""
        return sum(cpu_seconds(pid) for pid in {*self.pids, *(p.pid for p in self.processes)} if pid)

    def stop(self):
        """Politely; then by id. Never raises, and may be called again."""
        polite = self._told_to_quit()
        for line in self.lines:
            if line:
                line.close()
        self.lines = []
        if self.listener:
            self.listener.close()
        self._end_processes(time.monotonic() + (STOP_SECONDS if polite else 0))
        if self.log:
            self.log.close()

    def _told_to_quit(self):
        if not self.lines or not all(self.lines) or any(p.poll() is not None for p in self.processes):
            return False
        if self.failed:
            return False
        try:
            self.ask("quit", STOP_SECONDS)
        except LibraryFailed:
            return False
        return True

    def _end_processes(self, deadline):
        """Those started here; then, should a launcher have died without its ranks, these."""
        for process in self.processes:
            for sent in (None, signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    if sent is not None:
                        os.killpg(process.pid, sent)  # the session that start_new_session made
                try:
                    process.wait(KILL_SECONDS if sent else max(0.0, deadline - time.monotonic()))
                    break
                except subprocess.TimeoutExpired:
                    continue
        for pid in self.pids:
            if self._is_rank_of_this_run(pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _is_rank_of_this_run(self, pid):
        """By its command line, since the number may be another's by now."""
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                return self.prefix.encode() in words.read().split(b"\0")
        except OSError:
            return False
