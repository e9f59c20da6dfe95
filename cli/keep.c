/* SPDX-License-Identifier: MIT */
#include "cli/keep.h"

#include <stdio.h>

bool keep_path(struct cli *cli, char *ret, size_t size)
{
    const char *named = config_text(&cli->config, CONFIG_STORE);
    struct wattle_error err = {0};

    if (named != NULL) {
        int n = snprintf(ret, size, "%s", named);

        if (n > 0 && (size_t)n < size) {
            return true;
        }
        usage_error(cli, "the store's path is too long");
        return false;
    }
    if (store_default_path(ret, size, &err) != 0) {
        usage_error(cli, "%s", err.text);
        return false;
    }
    return true;
}

struct store *keep_open(struct cli *cli, int *ret_status)
{
    struct wattle_error err = {0};
    struct store *store = NULL;
    char path[4096];
    int rc;

    *ret_status = CLI_USAGE;
    if (!keep_path(cli, path, sizeof path)) {
        return NULL;
    }
    rc = store_open(&store, path, 0, &err);
    if (rc == STORE_MOVED_ASIDE) {
        log_write(&cli->log, LOG_LEVEL_WARNING, "the store was damaged; it is now %s", err.text);
    }
    if (rc < 0) {
        struct wattle_error again = {0};

        rc = store_open(&store, path, STORE_READ_ONLY, &again);
    }
    if (rc < 0) {
        usage_error(cli, "the store cannot be opened: %s", err.text);
        return NULL;
    }
    return store;
}
