#!/bin/sh
# SPDX-License-Identifier: MIT
# embed.sh FILE.sql...: the migrations, in order, as C strings on standard output.
set -eu
echo '/* Generated from src/record/schema by embed.sh. */'
echo '#include "record/store_internal.h"'
echo 'const char *const store_migrations[] = {'
for file in "$@"; do
    sed -e '/^--/d' -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/    "/' -e 's/$/\\n"/' "$file"
    echo '    ,'
done
echo '};'
echo "const int store_migration_count = $#;"
