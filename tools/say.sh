# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034  # colours are for those who source this
# How our scripts speak: progress on stderr, in colour on a terminal alone.

if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' red='' green='' plain=''
fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }

fail() {
    printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}

misuse() {
    printf '%serror: %s%s\n' "$red" "$*" "$plain" >&2
    exit 2
}

# As root; through sudo where we are not. `as_root exec COMMAND` takes this process's place.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        fail "this needs root, and there is no sudo: $*"
    elif [ "$1" = exec ]; then
        exec sudo -- "${@:2}"
    else
        sudo -- "$@"
    fi
}
