#!/bin/sh
# Print the first Python that is new enough; the argument, if any, is the only one tried.
# usage: find_python.sh [PYTHON]
new_enough='import sys; sys.exit(sys.version_info < (3, 10))'
if [ -n "$1" ]; then candidates=$1; else
    candidates="python3 python3.14 python3.13 python3.12 python3.11 python3.10"
fi
tried=""
for name in $candidates; do
    # Asked to run, not only looked up: a version manager's shim exists without its Python.
    if "$name" -c "$new_enough" >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
    version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) &&
        tried="$tried $name is $version;"
done
echo "Python 3.10 or newer is needed and was not found (tried: $candidates;$tried nothing else)." \
    "Install one, or name it with PYTHON=/path/to/python." >&2
exit 1
