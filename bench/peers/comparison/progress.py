"""Where the run stands, on stderr: one line that is rewritten on a terminal, else a line per size."""
import sys
import time

RECENT = 40  # measurements over which the pace is averaged


def size_text(size):
    """8 B, 2 KiB, 64 MiB."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} B"


def seconds_text(seconds):
    return f"{int(seconds) // 60} min {int(seconds) % 60:02d} s" if seconds >= 60 else f"{seconds:.0f} s"


class Progress:
    """Called before each measurement; close() ends the line."""

    def __init__(self, alternations, stream=None, clock=time.monotonic):
        self.alternations = alternations
        self.stream = stream or sys.stderr
        self.clock = clock
        self.moments = [clock()]
        self.last_size = None

    def __call__(self, size, alternation, name, measurements_left):
        self.moments = [*self.moments[-RECENT:], self.clock()]
        pace = (self.moments[-1] - self.moments[0]) / max(1, len(self.moments) - 1)
        text = (f"{size_text(size):>8}, alternation {alternation + 1} of {self.alternations}, {name}, "
                f"about {seconds_text(pace * measurements_left)} left")
        if self.stream.isatty():
            self.stream.write(f"\r\033[K{text}")
            self.stream.flush()
        elif size != self.last_size:
            print(text, file=self.stream, flush=True)
        self.last_size = size

    def close(self):
        if self.stream.isatty():
            self.stream.write("\r\033[K")
            self.stream.flush()
