#!/bin/sh
# SPDX-License-Identifier: MIT
# test_install.sh BUILD_DIR SOURCE_DIR CC...: installs into an empty folder and uses what is there
# as a stranger would: pkg-config, shared and static, C and C++; the command, manual, completions.
set -eu
build=$1 source=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { echo "test_install: $*" >&2; exit 1; }

DESTDIR="$folder" meson install -C "$build" --no-rebuild --quiet >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; fail "meson install"; }
pc=$(find "$folder" -name wattle.pc)
[ -n "$pc" ] || fail "no wattle.pc"
library=$(dirname "$(dirname "$pc")")
prefix=$(sed -n 's/^prefix=//p' "$pc")

# The installed tree stands in a folder of its own: PKG_CONFIG_SYSROOT_DIR is what cross builds use.
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
paths="--define-variable=prefix=$folder$prefix"
version=$(pkg-config --modversion wattle)

cat >"$folder/user.c" <<'END'
#include <stdio.h>
#include <wattle/wattle.h>
/* A name of the library's inside: must not clash. */
int clock_s(void);
int clock_s(void) { return 0; }
int main(void) { return puts(wattle_version()) < 0 ? 1 : clock_s(); }
END
programs="$folder/user.c"
[ ! -f "$source/examples/measure_self.c" ] || programs="$programs $source/examples/measure_self.c"

for program in $programs; do
    name=$folder/$(basename "$program" .c)
    # shellcheck disable=SC2046
    "$@" -std=c99 -D_POSIX_C_SOURCE=200809L "$program" -o "$name-shared" \
        $(pkg-config "$paths" --cflags --libs wattle)
    # shellcheck disable=SC2046
    "$@" -std=c99 -D_POSIX_C_SOURCE=200809L "$program" -o "$name-static" \
        $(pkg-config "$paths" --cflags wattle) -L"$library" \
        -Wl,-Bstatic -lwattle -Wl,-Bdynamic $(pkg-config "$paths" --static --libs wattle |
            sed 's/-lwattle//')
    if readelf -d "$name-static" | grep -q libwattle; then
        fail "$name-static still needs the shared library"
    fi
    LD_LIBRARY_PATH=$library "$name-shared" >"$name.out" 2>&1 ||
        fail "$name-shared: $(cat "$name.out")"
    "$name-static" >"$name.out" 2>&1 || fail "$name-static: $(cat "$name.out")"
done
[ "$("$folder/user-static")" = "$version" ] || fail "wattle_version() is not $version"
[ "$("$folder$prefix/bin/wattle" --version 2>&1)" = "wattle $version" ] ||
    fail "wattle --version is not 'wattle $version'"

for header in wattle.h meter.h sys/sensor.h; do
    [ -f "$folder$prefix/include/wattle/$header" ] || fail "$header is not installed"
done
echo "installed, compiled and run: $programs"
