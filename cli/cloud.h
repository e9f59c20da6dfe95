/* SPDX-License-Identifier: MIT */
/* --cloud-metadata: the host, with the instance type that the cloud's own service tells. */
#ifndef CLI_CLOUD_H
#define CLI_CLOUD_H

#include <wattle/sys/sensor.h>

#include "cli/command.h"
#include "machine/metadata.h"

struct cloud {
    struct wattle_host host;
    char instance[METADATA_TYPE_MAX];
};

/*
 * This machine. Asks the metadata service only when the user wants it, DMI names a cloud whose
 * service is known, and DMI does not say the type itself. Says so when there is no answer.
 * Returns &ret->host, which lives as long as `ret`.
 */
const struct wattle_host *cloud_host(struct cli *cli, struct cloud *ret);

#endif
