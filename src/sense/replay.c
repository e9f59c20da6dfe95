/* SPDX-License-Identifier: MIT */
/*
 * The replay driver: a recorded machine, played on the host's clock. Used only
 * when WATTLE_SENSORS names it; WATTLE_REPLAY (host->replay) is the file.
 *
 * Hardware: none. Counter: microjoules. Resolution: the recording's, linear in
 * between. Wrap: as the recording states. Privilege: to read the file.
 * Source: src/sense/README.md, "The replay format".
 */
#include "sense/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "sense/rapl.h"
#include "sense/sense.h"

#define DRIVER "replay"
#define FILE_MAX (256LL << 20)

static int read_file(const char *path, char **ret, size_t *ret_size, struct wattle_error *err)
{
    struct stat st;
    char *text = NULL;
    size_t used = 0;
    int code = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &st) != 0) {
        code = error_errno(err, errno, "%s", path);
    } else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX) {
        code = error_set(err, WATTLE_E_INVALID, "%s: not a file of at most 256 MiB", path);
    } else if ((text = malloc((size_t)st.st_size + 1)) == NULL) {
        code = error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    while (code == 0 && used < (size_t)st.st_size) {
        ssize_t n = read(fd, text + used, (size_t)st.st_size - used);

        if (n == 0) {
            break;
        }
        if (n > 0) {
            used += (size_t)n;
        } else if (errno != EINTR) {
            code = error_errno(err, errno, "%s", path);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (code < 0) {
        free(text);
        return code;
    }
    *ret = text;
    *ret_size = used;
    return 0;
}

static int load(const char *path, struct replay *ret, struct wattle_error *err)
{
    char *text;
    size_t size;
    int code = read_file(path, &text, &size, err);

    if (code < 0) {
        return code;
    }
    code = replay_parse(text, size, ret, err);
    free(text);
    return code;
}

/* "package-1", "gpu-0", "wall": what a recorded column saw, by its name. */
static void place(struct wattle_channel *channel)
{
    static const struct {
        const char *prefix;
        enum wattle_domain domain;
        enum wattle_kind kind;
    } places[] = {
        {"gpu-", WATTLE_D_GPU, WATTLE_GPU},
        {"module-", WATTLE_D_MODULE, WATTLE_BOARD},
        {"wall", WATTLE_D_WALL, WATTLE_BOARD},
        {"battery", WATTLE_D_PLATFORM, WATTLE_BATTERY},
    };
    struct rapl_name name;
    size_t i;

    channel->domain = WATTLE_D_RAIL;
    channel->kind = WATTLE_BOARD;
    if (rapl_name_parse(channel->name, &name)) {
        channel->domain = name.domain;
        channel->kind = name.domain == WATTLE_D_DRAM       ? WATTLE_DRAM
                        : name.domain == WATTLE_D_PLATFORM ? WATTLE_BOARD
                                                           : WATTLE_CPU;
        channel->unit_index = name.package > 0 ? name.package : 0;
        return;
    }
    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        size_t length = strlen(places[i].prefix);

        if (strncmp(channel->name, places[i].prefix, length) == 0) {
            channel->domain = places[i].domain;
            channel->kind = places[i].kind;
            channel->unit_index = (int)strtol(channel->name + length, NULL, 10);
            return;
        }
    }
}

static void describe(const struct replay *replay, size_t i, struct wattle_channel *channel)
{
    const struct replay_column *column = &replay->columns[i];

    wattle_channel_init(channel, DRIVER);
    memcpy(channel->name, column->name, sizeof channel->name);
    snprintf(channel->source, sizeof channel->source, DRIVER ":%s", column->name);
    channel->quantity = column->quantity;
    channel->quality =
        column->quantity == WATTLE_Q_ENERGY ? WATTLE_MEASURED : WATTLE_INTEGRATED;
    channel->unit = column->quantity == WATTLE_Q_ENERGY ? 1e-6 : 1;
    channel->range =
        isnan(column->range_j) ? 0 : (uint64_t)llround(column->range_j * 1e6);
    if (column->quantity == WATTLE_Q_ENERGY) {
        channel->update_period_s = 0.001; /* it rises evenly between two rows */
    } else if (replay->row_count > 1) {
        channel->update_period_s =
            replay->t_s[replay->row_count - 1] / (double)(replay->row_count - 1);
    }
    channel->error_relative = 0;
    channel->error_w = 0;
    channel->driver_data[0] = i;
    channel->usable = true;
    if (column->quantity == WATTLE_Q_ENERGY || column->quantity == WATTLE_Q_POWER) {
        place(channel);
    }
}

static int probe(const struct wattle_host *host, struct wattle_channel_list *found,
                 struct wattle_error *err)
{
    struct wattle_channel channel;
    struct replay replay;
    size_t i;
    int code;

    if (host->replay == NULL) {
        return error_set(err, WATTLE_E_INVALID, "WATTLE_REPLAY does not name a recording");
    }
    code = load(host->replay, &replay, err);
    if (code < 0) {
        return code;
    }
    for (i = 0; code == 0 && i < replay.column_count; i++) {
        describe(&replay, i, &channel);
        code = wattle_channel_add(found, &channel);
    }
    replay_finish(&replay);
    return code;
}

struct player {
    const struct wattle_host *host;
    struct replay replay;
    int64_t opened_ns;
    size_t count;
    size_t columns[];
};

static void replay_close(void *state)
{
    struct player *player = state;

    if (player != NULL) {
        replay_finish(&player->replay);
        free(player);
    }
}

static int replay_open(const struct wattle_host *host, const struct wattle_channel *channels,
                       size_t n, void **ret_state, struct wattle_error *err)
{
    struct player *player = calloc(1, sizeof *player + n * sizeof player->columns[0]);
    size_t i;
    int code;

    *ret_state = NULL;
    if (player == NULL) {
        return error_set(err, WATTLE_E_NOMEM, "out of memory");
    }
    code = load(host->replay, &player->replay, err);
    for (i = 0; code == 0 && i < n; i++) {
        player->columns[i] = channels[i].driver_data[0];
        if (player->columns[i] >= player->replay.column_count) {
            code = error_set(err, WATTLE_E_INVALID, "%s: the recording changed", host->replay);
        }
    }
    if (code < 0) {
        replay_close(player);
        return code;
    }
    player->host = host;
    player->count = n;
    player->opened_ns = clock_monotonic_ns(host);
    *ret_state = player;
    return 0;
}

static int replay_read(void *state, struct wattle_reading *readings)
{
    struct player *player = state;
    const struct replay *replay = &player->replay;
    int64_t now_ns = clock_monotonic_ns(player->host);
    double t_s = clock_s(now_ns - player->opened_ns);
    bool over = t_s > replay->t_s[replay->row_count - 1];
    size_t i;

    for (i = 0; i < player->count; i++) {
        struct wattle_reading *reading = &readings[i];
        double value = replay_value(replay, player->columns[i], t_s);

        reading->t_ns = now_ns;
        reading->low = WATTLE_UNKNOWN;
        reading->high = WATTLE_UNKNOWN;
        reading->value = value;
        reading->count = 0;
        reading->status = over           ? WATTLE_READ_LOST
                          : isnan(value) ? WATTLE_READ_FAILED
                                         : WATTLE_READ_OK;
        if (reading->status == WATTLE_READ_OK &&
            replay->columns[player->columns[i]].quantity == WATTLE_Q_ENERGY) {
            reading->count = (uint64_t)llround(value * 1e6);
        }
    }
    return 0;
}

extern const struct wattle_sensor_driver sense_replay;
const struct wattle_sensor_driver sense_replay = {
    .abi = WATTLE_SENSOR_ABI,
    .name = DRIVER,
    .summary = "a recorded machine from a CSV file (WATTLE_REPLAY)",
    .flags = WATTLE_DRIVER_EXPLICIT,
    .probe = probe,
    .open = replay_open,
    .read = replay_read,
    .close = replay_close,
};
