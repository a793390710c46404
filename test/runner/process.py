# SPDX-License-Identifier: BSD-3-Clause
"""Programs under a time limit, and jobs that run beside each other."""
import concurrent.futures
import os
import subprocess
import threading

# Two processors are the least that the tests are meant for.
STREAMS = 2


def in_streams(jobs, streams=STREAMS):
    """Calls all functions, so many at a time and in their order; returns when all are done."""
    pool = concurrent.futures.ThreadPoolExecutor(streams)
    try:
        for job in [pool.submit(job) for job in jobs]:
            job.result()
    finally:
        # After Ctrl-C: those that run were told so too and end; the others shall not begin.
        pool.shutdown(cancel_futures=True)


def run(command, timeout, echo=None, **options):
    """Output and exit code, None for the code where the time was up.

    Lines that match the pattern `echo` are shown as they come.
    """
    if not os.access(command[0], os.X_OK):
        return f"{command[0]} is not there: it was not built", 127
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               stdin=subprocess.DEVNULL, text=True, errors="replace", **options)
    lines = []

    def read():
        for line in process.stdout:
            lines.append(line)
            if echo and echo.search(line):
                print("    " + line, end="", flush=True)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    code = wait(process, timeout)
    reader.join(5)  # not for ever: what it left behind may hold the pipe
    return "".join(lines), code


def wait(process, timeout):
    """Its exit code; None where it had to be ended."""
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        end(process)
        return None
    except KeyboardInterrupt:
        process.wait(30)  # it was told so too
        raise


def end(process):
    process.terminate()  # a lab and the system tests clean up then
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def ending(code, timeout):
    if code is None:
        return f"not done after {timeout} s"
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
