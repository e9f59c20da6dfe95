/* SPDX-License-Identifier: MIT */
#include "base/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

const char *host_getenv(const char *name)
{
    const char *value;

    if (getauxval(AT_SECURE) != 0) {
        return NULL;
    }
    value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static const char *or_default(const char *value, const char *fallback)
{
    return value != NULL ? value : fallback;
}

void host_from_environment(struct wattle_host *ret)
{
    const char *sysfs = host_getenv("WATTLE_SYSFS");

    memset(ret, 0, sizeof *ret);
    ret->sysfs = or_default(sysfs, "/sys");
    ret->procfs = or_default(host_getenv("WATTLE_PROCFS"), "/proc");
    ret->cgroup = or_default(host_getenv("WATTLE_CGROUP"), "/sys/fs/cgroup");
    ret->dev = or_default(host_getenv("WATTLE_DEV"), "/dev");
    ret->nvml = host_getenv("WATTLE_NVML");
    ret->ipmi = host_getenv("WATTLE_IPMI");
    ret->replay = host_getenv("WATTLE_REPLAY");
    ret->null_options = host_getenv("WATTLE_NULL");
    ret->fake = sysfs != NULL;
}

int host_path(char *ret, size_t size, const char *root, const char *format, ...)
{
    va_list args;
    int used = snprintf(ret, size, "%s/", root);
    int n;

    if (used < 0 || (size_t)used >= size) {
        return -1;
    }
    va_start(args, format);
    n = vsnprintf(ret + used, size - (size_t)used, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= size - (size_t)used) {
        return -1;
    }
    return used + n;
}
