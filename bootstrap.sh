#!/bin/sh
# Bring .venv up to date with requirements.lock. Says what the machine lacks and how to install it.
#
# A finished .venv carries a stamp: the lock's checksum and this folder. With the right stamp there is
# nothing to do; with any other, or none (an installation that was killed), .venv is made again.
# Exit status: 0 ready, 1 the installation failed, 2 the machine lacks something.
set -eu
cd "$(dirname "$0")"

stamp="$(cksum <requirements.lock) $PWD"

ready() {
    [ -x .venv/bin/python ] && [ -f .venv/stamp ] && [ "$(cat .venv/stamp)" = "$stamp" ]
}

if ready; then exit 0; fi

# The first Python that the lock has files for: 3.11 to 3.14.
find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

python_missing() {
    if [ "$(uname -s)" = Darwin ]; then echo python@3.13; return; fi
    # Ubuntu 22.04: python3 is 3.10 there, with 3.11 beside it.
    case "$(. /etc/os-release 2>/dev/null; echo "${ID:-}${VERSION_ID:-}")" in
        ubuntu22.04) echo python3.11 python3.11-venv ;;
        *) echo python3 python3-venv ;;
    esac
}

# Prints the names of the packages that are missing.
find_missing() {
    if [ -z "$python" ]; then python_missing; fi
    if [ -n "$python" ] && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        "$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
    fi
    if [ "$(uname -s)" = Linux ] && ! has_libgomp; then echo libgomp1; fi
}

# The local model's runtime loads it.
has_libgomp() {
    if [ -n "$python" ]; then
        "$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null
    else
        ldconfig -p 2>/dev/null | grep -F libgomp.so.1 >/dev/null
    fi
}

python="$(find_python)"
missing="$(find_missing | tr '\n' ' ' | sed 's/ $//')"
if [ -n "$missing" ]; then
    sudo=""
    if [ "$(id -u)" != 0 ]; then sudo="sudo "; fi
    echo "Tenuto needs Python 3.11 to 3.14 with venv, and libgomp on Linux. Missing here: $missing" >&2
    if command -v apt-get >/dev/null; then
        echo "Install with:  ${sudo}apt-get update && ${sudo}apt-get install -y $missing" >&2
    elif [ "$(uname -s)" = Darwin ]; then
        echo "Install with:  brew install $missing" >&2
    fi
    exit 2
fi

# One at a time. The lock belongs to an open file that this shell and pip inherit, so it is gone exactly
# when the last of them is.
if [ "${TENUTO_BOOTSTRAP:-}" != locked ]; then
    exec "$python" -c '
import fcntl, os, sys
lock = os.open(".venv.lock", os.O_CREAT | os.O_RDWR, 0o644)
try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
except OSError:
    print("Waiting for another start that is making .venv ...", flush=True)
    fcntl.flock(lock, fcntl.LOCK_EX)
os.set_inheritable(lock, True)
os.execvpe("sh", ["sh", "bootstrap.sh"], {**os.environ, "TENUTO_BOOTSTRAP": "locked"})'
fi

echo "Making .venv with $("$python" --version) (about 250 MB, once; a minute or two) ..."
rm -rf .venv
"$python" -m venv .venv
if ! .venv/bin/python -m pip install --quiet --progress-bar off --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: --requirement requirements.lock; then
    echo "The installation failed; the reason is above. Run it again: finished downloads are kept." >&2
    exit 1
fi
echo "$stamp" >.venv/stamp.new
mv .venv/stamp.new .venv/stamp
