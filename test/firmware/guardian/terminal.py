"""Runs a program on a terminal of its own: prints its process number, then its exit code; bytes on stdin are keys.

What the program writes goes to stderr. Ctrl-S (19) holds it, as in any terminal.
"""
import os
import pty
import sys
import threading

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
print(pid, flush=True)


def show() -> None:
    try:
        while data := os.read(terminal, 65536):
            os.write(2, data)
    except OSError:
        pass


def type_keys() -> None:
    while keys := os.read(0, 1):
        os.write(terminal, keys)


for work in (show, type_keys):
    threading.Thread(target=work, daemon=True).start()
_, status = os.waitpid(pid, 0)
print(os.waitstatus_to_exitcode(status), flush=True)
