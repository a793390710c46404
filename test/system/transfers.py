# SPDX-License-Identifier: BSD-3-Clause
"""Many TCP connections that carry data all the time, for tests to disturb.

transfers.py serve PORT                    echoes, and prints "ready"
transfers.py run PORT ADDRESS CONNECTIONS  opens them, prints "ready", and at SIGTERM prints what
                                           became of each, as JSON: {"whole", "reset", "wrong", "stuck"}
A connection that had an answer in the last ten seconds of the run and only right ones is whole.
"""
import asyncio
import json
import signal
import sys
import time

PAUSE_S = 0.2
LINE = 64


async def echo(reader, writer):
    try:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(port):
    server = await asyncio.start_server(echo, "0.0.0.0", port, backlog=4096)
    print("ready", flush=True)
    await server.serve_forever()


async def transfer(connection, number, fate):
    reader, writer = connection
    count = 0
    try:
        while True:
            line = f"{number}:{count}".ljust(LINE - 1).encode() + b"\n"
            writer.write(line)
            await writer.drain()
            if await reader.readexactly(LINE) != line:
                fate[number] = ("wrong", time.monotonic())
                return
            fate[number] = ("whole", time.monotonic())
            count += 1
            await asyncio.sleep(PAUSE_S)
    except (ConnectionError, asyncio.IncompleteReadError):
        fate[number] = ("reset", time.monotonic())


async def run(port, address, connections):
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    opened = [await asyncio.open_connection(address, port) for _ in range(connections)]
    fate = {}
    tasks = [asyncio.create_task(transfer(c, n, fate)) for n, c in enumerate(opened)]
    while len(fate) < connections:
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    await stop.wait()
    recent = time.monotonic() - 10
    kinds = [kind if kind != "whole" or at > recent else "stuck" for kind, at in fate.values()]
    for task in tasks:
        task.cancel()
    print(json.dumps({k: kinds.count(k) for k in ("whole", "reset", "wrong", "stuck")}), flush=True)


if sys.argv[1] == "serve":
    asyncio.run(serve(int(sys.argv[2])))
else:
    asyncio.run(run(int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
