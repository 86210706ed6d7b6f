"""PORT USER KEY KNOWN_HOSTS SOURCE INBOX: paramiko, one file after the other, each checked by its size."""

import sys
from pathlib import Path

import paramiko

port, user, key, known_hosts, source, inbox = sys.argv[1:]
with paramiko.SSHClient() as client:
    client.load_host_keys(known_hosts)
    client.connect("127.0.0.1", int(port), user, key_filename=key, allow_agent=False, look_for_keys=False)
    with client.open_sftp() as sftp:
        for file in sorted(Path(source).iterdir()):
            sftp.put(str(file), f"{inbox}/{file.name}")
