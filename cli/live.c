/* SPDX-License-Identifier: MIT */
/* `wattle run --live`: one line at the bottom of the terminal, redrawn twice a second. */
#include "cli/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "cli/terminal.h"

void live_init(struct live *live, int fd)
{
    memset(live, 0, sizeof *live);
    live->on = terminal_redraws(fd);
}

/* One write(2), so that it does not mix with what the command prints. */
static void put(const char *text)
{
    if (write(STDERR_FILENO, text, strlen(text)) < 0) {
        return; /* the display is no reason to fail */
    }
}

void live_draw(struct live *live, const struct wattle_energy *energy)
{
    char line[256], took[32], total[32], task[32], power[32];
    double step_s = energy->duration_s - live->last_s;
    double now_w = (energy->machine_j.value - live->last_j) / step_s;

    if (!live->on || !terminal_foreground(STDERR_FILENO)) {
        return;
    }
    units_duration(energy->duration_s, took, sizeof took);
    units_energy(energy->machine_j.value, total, sizeof total);
    units_energy(energy->task_j.value, task, sizeof task);
    units_power(step_s > 0 ? fmax(now_w, 0) : WATTLE_UNKNOWN, power, sizeof power);
    snprintf(line, sizeof line, "\r\033[Kwattle: %s  %s  machine %s  task %s", took, power, total,
             task);
    put(line);
    live->drawn = true;
    live->last_j = energy->machine_j.value;
    live->last_s = energy->duration_s;
}

void live_erase(struct live *live)
{
    if (live->drawn) {
        put("\r\033[K");
        live->drawn = false;
    }
}
