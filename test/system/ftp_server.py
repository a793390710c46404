# SPDX-License-Identifier: BSD-3-Clause
"""ftp_server.py DIRECTORY [PORT]: an FTP server that lets anybody read and write, and says when it
is ready. It asks the peer of each data connection to be the client (RFC 2577)."""
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer


class Handler(FTPHandler):
    authorizer = DummyAuthorizer()
    permit_foreign_addresses = False


if __name__ == "__main__":
    Handler.authorizer.add_anonymous(sys.argv[1], perm="elradfmw")
    server = FTPServer(("0.0.0.0", int(sys.argv[2]) if len(sys.argv) > 2 else 21), Handler)
    print("ready", flush=True)
    server.serve_forever()
