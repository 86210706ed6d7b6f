#!/bin/sh
# Break planning and the completeness check on purpose, a small change at a time: a test must fail each time. Mutants
# that survive must be explained in docs/mutation.md. Another environment: sh tests/mutation.sh PYTHON. A random sample:
# sh tests/mutation.sh PYTHON COUNT SEED
set -eu
cd "$(dirname "$0")/.."
python=$(realpath -s "${1:-.venv/bin/python}")
"$python" -m pip install --quiet --disable-pip-version-check 'mutmut>=3.8,<4'

place=build/mutation
rm -rf "$place"
mkdir -p "$place/src"
cp -R core/* connectors/* transforms/* "$place/src"
cp -R tests docs pyproject.toml "$place"
known=$PWD/docs/mutation.md

cd "$place"
if [ $# -gt 1 ]; then
    # One small function: mutmut then makes all mutants, and finds which tests reach them.
    "$python" -m mutmut run 'arfeed.planning.traces.x__as_array*'
    exec "$python" tests/mutants.py "$2" "$3"
fi
"$python" -m mutmut run
"$python" -m mutmut results | grep -v -e ': killed$' -e ': timeout$' >survivors.txt || true
unexplained=$(sed 's/^ *//; s/:.*//' survivors.txt | while read -r name; do
    grep -qF "\`${name#arfeed.}\`" "$known" || echo "$name"
done)
if [ -n "$unexplained" ]; then
    printf 'These mutants survive and docs/mutation.md does not explain them:\n%s\n' "$unexplained" >&2
    printf 'See one: cd %s && %s -m mutmut show NAME\n' "$place" "$python" >&2
    exit 1
fi
