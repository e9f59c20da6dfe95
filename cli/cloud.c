/* SPDX-License-Identifier: MIT */
#include "cli/cloud.h"

#include <string.h>

#include "base/host.h"
#include "machine/virt.h"

const struct wattle_host *cloud_host(struct cli *cli, struct cloud *ret)
{
    const char *address = host_getenv("WATTLE_METADATA");
    struct wattle_error err = {0};
    struct machine_virt virt;
    int rc;

    memset(ret, 0, sizeof *ret);
    host_from_environment(&ret->host);
    /* A machine in a folder has no service, unless a test stands in for it. */
    if (!config_flag(&cli->config, CONFIG_CLOUD_METADATA) || (ret->host.fake && address == NULL)) {
        return &ret->host;
    }
    machine_virt_read(&ret->host, &virt);
    if (virt.instance_type[0] != '\0') {
        return &ret->host;
    }
    if (virt.cloud[0] == '\0') {
        log_write(&cli->log, LOG_LEVEL_INFO, "DMI names no cloud: no metadata service is asked");
        return &ret->host;
    }
    rc = metadata_instance_type(virt.cloud, address, METADATA_LIMIT_S, ret->instance, &err);
    if (rc == 0) {
        ret->host.instance = ret->instance;
    } else {
        log_write(&cli->log, LOG_LEVEL_WARNING, "--cloud-metadata: %s", err.text);
    }
    return &ret->host;
}
