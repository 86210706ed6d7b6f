#!/bin/sh
# Three days of a feed, played with a receiver that runs on this machine. Nothing leaves it.
#
#   ARFEED   the arfeed command (default: arfeed)
#   PYTHON   a Python that has arfeed (default: the one beside the command)
set -eu

stop() {
    echo "demo: $*" >&2
    exit 1
}

say() {
    if [ -t 1 ]; then printf '\n\n\033[1m%s\033[0m\n' "$*"; else printf '\n\n%s\n' "$*"; fi
}

# run CODE ARGUMENT...: run arfeed, and stop the demo if it ends with another exit code.
run() {
    expected=$1
    shift
    printf '\n$ arfeed %s\n' "$*"
    code=0
    "$arfeed" "$@" || code=$?
    [ "$code" -eq "$expected" ] || stop "'arfeed $*' ended with exit code $code, expected was $expected"
}

# approval: print the code that the refused plan asks for.
approval() {
    code=0
    "$arfeed" plan --json > plan.json 2> plan.log || code=$?
    [ "$code" -eq 3 ] || stop "'arfeed plan --json' ended with exit code $code, expected was 3: $(cat plan.log)"
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["approval"])' < plan.json
}

show() {
    "$python" examples/receiver.py "$1" .arfeed/rehearsal/demo
}

# receive: start the receiver, and name its page once it is up. It ends with the demo.
receive() {
    : > receiver.json
    "$arfeed" rehearse demo --json > receiver.json 2> receiver.log &
    receiver=$!
    trap 'kill "$receiver" && wait "$receiver" || true' EXIT
    trap 'exit 130' INT TERM
    waited=0
    until page=$("$python" -c 'import json, sys; print(json.load(sys.stdin)["page"])' < receiver.json 2> wait.log); do
        kill -0 "$receiver" 2> wait.log && [ "$waited" -lt 120 ] || stop "the receiver did not start: $(cat receiver.log)"
        waited=$((waited + 1))
        sleep 0.5
    done
    printf '\n$ arfeed rehearse demo\nIt shows what it believes at %s\n' "$page"
}

# serve: start the board over this feed, and name its page once it is up. It ends with the demo.
serve() {
    port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    printf '\n$ arfeed board --port %s\n' "$port"
    PYTHONUNBUFFERED=1 "$arfeed" board --port "$port" > board.txt 2> board.log &
    board=$!
    trap '{ kill "$receiver" "$board" && wait "$receiver" "$board" || true; } 2> wait.log' EXIT
    waited=0
    until "$python" -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1], timeout=5)' \
        "http://127.0.0.1:$port/healthz" 2> wait.log; do
        kill -0 "$board" 2> wait.log && [ "$waited" -lt 120 ] || stop "the board did not start: $(cat board.log)"
        waited=$((waited + 1))
        sleep 0.5
    done
    cat board.txt
}

found=$(command -v "${ARFEED:-arfeed}") || stop "there is no command ${ARFEED:-arfeed}; name it with ARFEED=..."
bin=$(CDPATH='' cd -- "$(dirname -- "$found")" && pwd)
arfeed=$bin/$(basename -- "$found")
python=${PYTHON:-$bin/python}
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

# A copy to play in. Today's exports wait aside; the day before is put in their place.
rm -rf "$root/.demo"
mkdir "$root/.demo"
cd "$root/.demo"
cp "$root/plugins.toml" .
cp -R "$root/examples" examples
mv examples/exports today
cp -R examples/yesterday/exports examples/exports
mv "examples/pdf/Invoice INV-1012.pdf" revised.pdf
cp examples/yesterday/pdf/*.pdf examples/pdf/

say "First of all a receiver, which behaves like the real one. It marks as paid what a report no longer lists."
receive

say "Wednesday. A feed has been set up: two systems, their PDFs, and a receiver. Is everything in place?"
run 0 check

say "What would be delivered? Nothing has been yet, so the plan is refused until somebody has looked at it."
run 3 plan

say "It looks right. The approval is good for exactly this plan."
code=$(approval)
run 0 sync --approve "$code"

say "This is what the receiver got:"
show files

say "In the afternoon nothing has changed. The report is sent again, as always; the PDFs have already been sent."
run 0 sync

say "Thursday. New exports: some invoices were paid, two are new, one is paid in part, a PDF was revised."
echo "And one invoice is no longer in the subsidiary's file. Was it paid? Its file cannot say."
rm -r examples/exports
mv today examples/exports
mv revised.pdf "examples/pdf/Invoice INV-1012.pdf"
run 3 plan

say "Nothing was sent. Somebody asks the subsidiary: yes, RE-2026-0318 has been paid. So this is approved."
code=$(approval)
run 0 sync --approve "$code"

say "This is what the receiver believes now:"
show books

say "Friday. One more invoice is gone from the subsidiary's file, at night, when nobody is at a terminal."
last=$(ls examples/exports/subsidiary/*.csv | tail -n 1)
sed '$d' "$last" > shorter.csv
mv shorter.csv "$last"
run 3 sync

say "Whoever knows whether it was paid needs no terminal: the plan waits on the board, and is approved on a page."
serve

if [ -t 0 ] && [ -t 1 ]; then
    printf '\nThe receiver is at %s\nPress Enter to end it and the board. ' "$page"
    read -r _ || true
fi

say "That was arfeed. The folder .demo holds everything you saw; play on in it, or begin with plugins.toml."
