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
    """Of many runs of about the same length, the first of which are done whatever the time."""

    def __init__(self, runs, guess, until=None, owed=0, now=time.monotonic):
        self.runs, self.done = runs, 0
        self._guess, self._until, self._owed, self._now = guess, until, owed, now
        self._begin = now()

    def each(self):
        """Seconds a run takes: what they took so far, or the guess."""
        return (self._now() - self._begin) / self.done if self.done else self._guess

    def rest(self):
        """Seconds to the end."""
        seconds = self.each() * (self.runs - self.done)
        if self._until is None:
            return seconds
        return min(seconds, max(self._until - self._now(), self.each() * (self._owed - self.done)))

    def has_time(self):
        """For one more run."""
        in_time = self._until is None or self._now() + self.each() <= self._until
        return in_time or self.done < self._owed

    def tick(self):
        self.done += 1
