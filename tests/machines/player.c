/* SPDX-License-Identifier: MIT */
/*
 * Plays a fake machine in real time.
 *
 *     player setup MACHINE.json ROOT     makes ROOT/sys ... as it is at time 0
 *     player play  MACHINE.json ROOT     moves the counters for the machine's seconds, then ends
 *     player truth MACHINE.json          prints the true joules of one play, as JSON
 *
 * Before and after `play` the counters stand still, so a meter that reads before it starts and
 * after it has ended has exactly the manifest's energy in between, however slow either of them
 * is. ROOT/sys is what WATTLE_SYSFS (or a peer's own setting) is pointed at.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "machine.h"

#define TICK_NS 4000000

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void play(const struct machine *machine, const char *root)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    double start_s = now_s();
    double t_s = 0;

    while (t_s < machine->seconds) {
        machine_write(machine, root, t_s);
        nanosleep(&tick, NULL);
        t_s = now_s() - start_s;
    }
    machine_write(machine, root, machine->seconds);
}

int main(int argc, char **argv)
{
    struct machine machine;
    int status = 2;

    if (argc < 3 || !machine_load(&machine, argv[2])) {
        fprintf(stderr, "player: %s: %s\n", argc < 3 ? "usage" : argv[2],
                argc < 3 ? "player setup|play|truth MACHINE.json [ROOT]" : machine.why);
        return 2;
    }
    if (strcmp(argv[1], "setup") == 0 && argc == 4) {
        status = machine_build(&machine, argv[3]) ? 0 : 1;
        if (status != 0) {
            fprintf(stderr, "player: cannot build %s\n", argv[3]);
        }
    } else if (strcmp(argv[1], "play") == 0 && argc == 4) {
        play(&machine, argv[3]);
        status = 0;
    } else if (strcmp(argv[1], "truth") == 0) {
        json_dumpf(json_object_get(machine.manifest, "expect"), stdout, JSON_INDENT(2));
        putchar('\n');
        status = 0;
    }
    machine_finish(&machine);
    return status;
}
