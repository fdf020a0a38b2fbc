"""In the place of ssh: commands run here, for any machine but some that have something wrong."""

import os
import subprocess
import sys

WITH_VALUE = ("-o", "-p", "-i", "-O")


def main() -> int:
    arguments, options = sys.argv[1:], []
    while arguments and arguments[0].startswith("-"):
        option = arguments.pop(0)
        options.append(option)
        if option in WITH_VALUE:
            options.append(arguments.pop(0))
    host, *command = arguments
    with open(os.environ["FAKE_SSH_LOG"], "a") as log:
        print(host, *options, file=log)
    if "-O" in options:
        return 0
    if host == "nowhere":
        print("ssh: Could not resolve hostname nowhere: Name not known", file=sys.stderr)
        return 255
    if host == "locked":
        print("pi@locked: Permission denied (publickey).", file=sys.stderr)
        return 255
    if host == "chatty":
        print("Welcome to the machine!")
    # As sshd does: one string, for the user's shell.
    done = subprocess.run(["/bin/sh", "-c", " ".join(command)], check=False)
    return done.returncode if done.returncode >= 0 else 255


if __name__ == "__main__":
    sys.exit(main())
