#!/usr/bin/env bash
# Erlang/OTP 25.2.3 (Debian 12, erlang-ssh 1:25.2.3+dfsg-1+deb12u4), its SFTP server ssh_sftpd.
#
# The third file that is open at once on one channel gets the handle of the second, and so does every later one. What a
# client writes to the second then lands in another, and no request fails. Clients that keep many files open, as most do
# to be fast, exchange the contents of files without a word; with one file at a time it does right.
#
# Seen, with three files open at once to which "first", "other" and "third" are written through asyncssh 2.24.1:
#   handles: 30 31 31
#   a: b'first'   b: b''   c: b'third'
# Exits 0 while that is so, 1 if it is not any more. Needs apt, python3 with venv, ssh-keygen and the network; installs
# into a temporary folder only, as whoever runs it. arfeed has no part in this.
set -euo pipefail

version=1:25.2.3+dfsg-1+deb12u4
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

packages=(erlang-base erlang-ssh erlang-crypto erlang-public-key erlang-asn1)
apt-get download --quiet "${packages[@]/%/=$version}" >apt.log 2>&1 || { cat apt.log >&2; exit 2; }
for package in *.deb; do dpkg-deb --extract "$package" erlang; done
python3 -m venv client
client/bin/pip install --quiet --disable-pip-version-check asyncssh==2.24.1 2>/dev/null

mkdir system users files
ssh-keygen -q -t ed25519 -N '' -f system/ssh_host_ed25519_key
ssh-keygen -q -t ed25519 -N '' -f user
cp user.pub users/authorized_keys

export ROOTDIR="$work/erlang/usr/lib/erlang" EMU=beam PROGNAME=erl HOME="$work"
BINDIR=$(echo "$ROOTDIR"/erts-*/bin)
export BINDIR
"$BINDIR/erlexec" -boot "$ROOTDIR/bin/start_clean" -noinput -noshell -eval "
    ok = ssh:start(),
    {ok, Daemon} = ssh:daemon({127, 0, 0, 1}, 0, [
        {system_dir, \"$work/system\"}, {user_dir, \"$work/users\"}, {auth_methods, \"publickey\"},
        {subsystems, [ssh_sftpd:subsystem_spec([{root, \"$work/files\"}, {cwd, \"/\"}])]}]),
    {ok, Known} = ssh:daemon_info(Daemon),
    ok = file:write_file(\"$work/port\", integer_to_list(proplists:get_value(port, Known)))." >server.log 2>&1 &
server=$!
for _ in $(seq 150); do [ -s port ] && break; sleep 0.2; done
[ -s port ] || { cat server.log >&2; exit 2; }

client/bin/python - "$(cat port)" <<'PYTHON'
import asyncio
import pathlib
import sys

import asyncssh


async def main() -> None:
    host_key = pathlib.Path("system/ssh_host_ed25519_key.pub").read_text()
    known = asyncssh.import_known_hosts(f"[127.0.0.1]:{sys.argv[1]} {host_key}")
    login = {"username": "anybody", "client_keys": ["user"], "known_hosts": known}
    async with asyncssh.connect("127.0.0.1", int(sys.argv[1]), **login) as connection:
        async with connection.start_sftp_client() as sftp:
            files = [await sftp.open(name, "wb") for name in "abc"]
            handles = [file._handle.hex() for file in files]
            for file, content in zip(files, (b"first", b"other", b"third")):
                await file.write(content, 0)
            for file in files:
                await file.close()
    held = {name: pathlib.Path("files", name).read_bytes() for name in "abc"}
    print("handles:", *handles)
    print("  ".join(f"{name}: {content!r}" for name, content in held.items()))
    same = len(set(handles)) < 3 and held != {"a": b"first", "b": b"other", "c": b"third"}
    print("as described" if same else "the server keeps them apart now")
    sys.exit(not same)


asyncio.run(main())
PYTHON
