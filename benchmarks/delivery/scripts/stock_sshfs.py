"""PORT USER KEY KNOWN_HOSTS SOURCE INBOX: sshfs as it comes, except that it is told whom to trust."""

import sys
from pathlib import Path

from sshfs import SSHFileSystem

port, user, key, known_hosts, source, inbox = sys.argv[1:]
filesystem = SSHFileSystem(
    "127.0.0.1", port=int(port), username=user, client_keys=[key], known_hosts=known_hosts, config=None
)
files = sorted(Path(source).iterdir())
if len(files) == 1:
    filesystem.put_file(str(files[0]), f"{inbox}/{files[0].name}")
else:
    filesystem.put([str(file) for file in files], [f"{inbox}/{file.name}" for file in files])
