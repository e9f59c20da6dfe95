/* SPDX-License-Identifier: MIT */
#include "machine/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/host.h"
#include "base/id.h"

#define SALT_SIZE 16

/* Without a place for a random one. Not a secret: it only keeps our hash from being the same as
 * another program's. */
static const uint8_t constant_salt[SALT_SIZE + 1] = "wattle machine 1";

static bool salt_parse(const char *text, uint8_t ret[SALT_SIZE])
{
    int i;

    for (i = 0; i < SALT_SIZE; i++) {
        char digits[3] = {text[2 * i], 0, 0};
        char *end;

        if (digits[0] == '\0') {
            return false;
        }
        digits[1] = text[2 * i + 1];
        ret[i] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2) {
            return false;
        }
    }
    return true;
}

/* Made whole under another name and linked: of two programs that start at once, one wins and
 * the other reads the winner's. */
static void salt_create(const char *state_dir)
{
    char path[4096];
    char temporary[4096];
    char text[2 * SALT_SIZE + 2];
    uint8_t salt[SALT_SIZE];
    int i;
    int fd;

    if (getrandom(salt, sizeof salt, 0) != (ssize_t)sizeof salt ||
        host_path(path, sizeof path, state_dir, "machine.salt") < 0 ||
        host_path(temporary, sizeof temporary, state_dir, ".machine.salt.%ld",
                  (long)getpid()) < 0) {
        return;
    }
    for (i = 0; i < SALT_SIZE; i++) {
        snprintf(text + 2 * i, 3, "%02x", salt[i]);
    }
    text[2 * SALT_SIZE] = '\n';
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return;
    }
    if (write(fd, text, 2 * SALT_SIZE + 1) == 2 * SALT_SIZE + 1 && close(fd) == 0) {
        if (link(temporary, path) != 0 && errno != EEXIST) {
            rename(temporary, path); /* a file system without links */
        }
    } else {
        close(fd);
    }
    unlink(temporary);
}

static bool salt_read(const char *state_dir, uint8_t ret[SALT_SIZE])
{
    char text[64];
    int tries;

    for (tries = 0; state_dir != NULL && tries < 2; tries++) {
        if (file_read_line(state_dir, "machine.salt", text, sizeof text) == 2 * SALT_SIZE &&
            salt_parse(text, ret)) {
            return true;
        }
        if (tries == 0) {
            struct wattle_error ignored;

            if (file_make_dirs(state_dir, &ignored) != 0) {
                break;
            }
            salt_create(state_dir);
        }
    }
    memcpy(ret, constant_salt, SALT_SIZE);
    return false;
}

/* Facts that survive a reboot and that every user may read, so that root and others agree. */
static size_t facts_read(const struct wattle_host *host, char *ret, size_t size)
{
    static const char *const names[] = {"sys_vendor",    "product_name", "board_vendor",
                                        "board_name",    "board_version", "chassis_vendor",
                                        "chassis_asset_tag"};
    size_t used = 0;
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        char dir[4096];
        char text[128];

        if (host_path(dir, sizeof dir, host->sysfs, "class/dmi/id") > 0 &&
            file_read_line(dir, names[i], text, sizeof text) > 0) {
            int n = snprintf(ret + used, size - used, "%s=%s\n", names[i], text);

            used += n > 0 && (size_t)n < size - used ? (size_t)n : 0;
        }
    }
    if (used == 0) {
        machine_boot_id(host, ret, size);
        used = strlen(ret);
    }
    return used;
}

int machine_identity(const struct wattle_host *host, const char *state_dir, char *ret, size_t size,
                     bool *ret_salted, struct wattle_error *err)
{
    char facts[2048];
    uint8_t salt[SALT_SIZE];
    ssize_t n = -1;
    bool salted;

    if (size < 17) {
        return error_set(err, WATTLE_E_INVALID, "room for a machine identity: %zu bytes", size);
    }
    if (host->fake) {
        n = file_read_line(host->procfs, "1/root/etc/machine-id", facts, sizeof facts);
    }
    if (n <= 0) {
        n = file_read_line("/etc", "machine-id", facts, sizeof facts);
    }
    /* A container image may carry an empty one, or systemd's word for "not yet". */
    if (n < 32) {
        n = (ssize_t)facts_read(host, facts, sizeof facts);
    }
    if (n <= 0) {
        return error_set(err, WATTLE_E_UNSUPPORTED,
                         "nothing here tells this machine from another: no /etc/machine-id, DMI "
                         "or boot id");
    }
    salted = salt_read(state_dir, salt);
    if (ret_salted != NULL) {
        *ret_salted = salted;
    }
    snprintf(ret, size, "%016llx", (unsigned long long)id_siphash(salt, facts, (size_t)n));
    return 0;
}

void machine_boot_id(const struct wattle_host *host, char *ret, size_t size)
{
    if (file_read_line(host->procfs, "sys/kernel/random/boot_id", ret, size) < 0) {
        ret[0] = '\0';
    }
}
