# SPDX-License-Identifier: BSD-3-Clause
"""What is told while it runs: where it is, and how long the rest takes."""
import sys
import time


def say(text):
    print(f"==> {text}", file=sys.stderr, flush=True)


def deadline(minutes):
    return None if minutes is None else time.monotonic() + 60 * minutes


def minutes(seconds):
    whole = round(seconds / 60)
    return "less than a minute" if seconds < 60 else "1 minute" if whole == 1 else f"{whole} minutes"


class Clock:
    """Of many runs of about the same length."""

    def __init__(self, runs, guess, until=None, now=time.monotonic):
        self.runs, self.done = runs, 0
        self._guess, self._until, self._now = guess, until, now
        self._begin = now()

    def each(self):
        """Seconds a run takes: what they took so far, or the guess."""
        return (self._now() - self._begin) / self.done if self.done else self._guess

    def rest(self):
        """Seconds to the end."""
        seconds = self.each() * (self.runs - self.done)
        return seconds if self._until is None else min(seconds, max(0, self._until - self._now()))

    def has_time(self):
        """For one more run."""
        return self._until is None or self._now() + self.each() <= self._until

    def tick(self):
        self.done += 1
