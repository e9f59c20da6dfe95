#!/bin/sh
# SPDX-License-Identifier: MIT
# test_abi.sh LIBWATTLE.so LIBWATTLE.a INCLUDE_DIR: both libraries export exactly the functions
# that the public headers declare, and nothing that is not called wattle_...
set -eu
shared=$1 static=$2 include=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { echo "test_abi: $*" >&2; exit 1; }

nm -D --defined-only "$shared" | awk '{ print $NF }' | sort -u >"$folder/shared"
nm -g --defined-only "$static" | awk 'NF == 3 { print $NF }' | sort -u >"$folder/static"
# Sanitizers and coverage add symbols of their own.
grep -Ev '^(__asan|__tsan|__ubsan|__odr_asan|__sanitizer|__start_|__stop_|_init$|_fini$)' \
    "$folder/shared" >"$folder/shared.own" || true
grep -Ev '^(__asan|__tsan|__ubsan|__odr_asan|__sanitizer)' "$folder/static" >"$folder/static.own"

grep -v '^wattle_' "$folder/shared.own" "$folder/static.own" &&
    fail "these are exported without the prefix wattle_"
diff "$folder/shared.own" "$folder/static.own" >&2 ||
    fail "the shared (<) and the static library (>) differ"

# WATTLE_API type wattle_name(
sed -e ':join' -e '/WATTLE_API[^;]*$/{N;b join' -e '}' "$include"/wattle/*.h \
    "$include"/wattle/sys/*.h | tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*WATTLE_API[^(]*[ *]\(wattle_[a-z0-9_]*\) *(.*/\1/p' | sort -u >"$folder/declared"
[ -s "$folder/declared" ] || fail "no declarations found in $include"
comm -13 "$folder/declared" "$folder/shared.own" >"$folder/undeclared"
[ ! -s "$folder/undeclared" ] ||
    fail "exported, but in no public header: $(cat "$folder/undeclared")"
comm -23 "$folder/declared" "$folder/shared.own" >"$folder/missing"
[ ! -s "$folder/missing" ] ||
    fail "declared, but not there: $(tr '\n' ' ' <"$folder/missing")"

case $(readelf -d "$shared") in
*'SONAME'*'[libwattle.so.0]'*) ;;
*) fail "the SONAME is not libwattle.so.0" ;;
esac
echo "$(wc -l <"$folder/declared") functions"
