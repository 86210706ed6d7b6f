"""PORT USER KEY KNOWN_HOSTS SOURCE INBOX: one report by arfeed's delivery; prints the seconds from connecting on."""

import hashlib
import sys
import time
from pathlib import Path

from arfeed.delivery.remote import open_remote
from arfeed.delivery.uploads import Upload
from arfeed.model.settings import DestinationSettings

port, user, key, known_hosts, source, inbox = sys.argv[1:]
(file,) = Path(source).iterdir()
with file.open("rb") as content:
    sha256 = hashlib.file_digest(content, "sha256").hexdigest()
upload = Upload(file, "", file.name, file.stat().st_size, sha256, replaces=False)
settings = DestinationSettings(
    url=f"sftp://{user}@127.0.0.1:{port}{inbox}", private_key=(key,), known_hosts=known_hosts
)
start = time.perf_counter()
with open_remote(settings) as remote:
    (outcome,) = remote.publish([upload], run="benchmark")
    seconds = time.perf_counter() - start
if not outcome.verified:
    sys.exit(f"it was not delivered: {outcome.error}")
print(seconds)
