# SPDX-License-Identifier: BSD-3-Clause
"""The sum of all cases, and what is printed of them."""
import threading


class Total:
    """What jobs in several streams report, each in one piece."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.failures = []
        self._one_speaks = threading.Lock()

    def add(self, name, passed, failures, seconds, skipped=0, notes=(), output=""):
        """Counts and tells; where something failed, `output` is shown too, from its last lines."""
        with self._one_speaks:
            self.passed += passed
            self.failed += len(failures)
            self.failures += [f"{name}: {failure}" for failure in failures]
            verdict = "ok" if not failures else "FAILED"
            extra = f", {skipped} skipped" if skipped else ""
            print(f"{verdict:7} {name:24} {passed:5} passed, {len(failures)} failed{extra}"
                  f"  ({seconds:.1f} s)", flush=True)
            for note in notes:
                print("        " + note, flush=True)
            if failures:
                show(output)


def show(output, lines=400):
    text = output.rstrip().splitlines()
    if len(text) > lines > 1:
        print(f"    ... {len(text) - lines} lines above are left out")
    print("".join(f"    {line}\n" for line in text[-lines:]), end="", flush=True)
