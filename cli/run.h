/* SPDX-License-Identifier: MIT */
/* The parts of `wattle run`: options, the run itself, its record, its output. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <wattle/record.h>

#include "attribute/measurement.h"
#include "carbon/table.h"
#include "cli/cloud.h"
#include "cli/command.h"
#include "cli/launch.h"

#define RUN_PATH_MAX 4096

struct run_options {
    const char *json; /* NULL: none; "-": standard output */
    char **command;   /* NULL: none, something that runs already is measured */
    enum measurement_target target;
    pid_t pid;
    const char *cgroup;
    uid_t uid;
    const char *target_words[3]; /* the option that named what runs already, and its value */
    double idle_s;
    struct carbon_factor factor; /* zone "": none named */
    char tags[512];
};

/* Options and config. OPTION_END: go on; otherwise the exit status is *ret_status. */
int run_options_parse(struct run_options *options, struct cli *cli, int argc, char **argv,
                      int *ret_status);

/* What is known of the run beside its energy. */
struct run_facts {
    char id[WATTLE_RUN_ID_MAX];
    char parent_id[WATTLE_RUN_ID_MAX];
    char store_path[RUN_PATH_MAX]; /* "": there is no home to keep it in */
    char state_dir[RUN_PATH_MAX];
    char machine_id[WATTLE_NAME_MAX];
    int64_t started_unix_ns;
};

/* Id, parent and the paths; nothing that takes longer than a system call. */
void run_facts_init(struct run_facts *facts, struct cli *cli);
/* What a record needs and a command does not wait for: the machine's identity. */
void run_facts_complete(struct run_facts *facts, struct cli *cli, struct measurement *measurement);

/* The record of a run that goes on or has ended; `record` is initialised. WATTLE_E_NOMEM. */
int run_record_fill(struct wattle_record *record, struct cli *cli,
                    const struct run_options *options, const struct run_facts *facts,
                    struct measurement *measurement, const struct wattle_energy *energy,
                    struct wattle_error *err);

/* ---- the JSON file (json_file.c) ---------------------------------------------------------- */

/* Can `path` be written when the run is over? Says why not in err. */
int json_file_check(const char *path, struct wattle_error *err);
/* All or nothing where the place allows it (not for "-", devices and pipes). */
int json_file_write(const char *path, const char *text, struct wattle_error *err);

/* ---- the live line (live.c) --------------------------------------------------------------- */

struct live {
    bool on;
    bool drawn;
    double last_j, last_s; /* of the previous line */
};
/* On where `fd` is a terminal that can take it. */
void live_init(struct live *live, int fd);
void live_draw(struct live *live, const struct wattle_energy *energy);
void live_erase(struct live *live);

/* ---- the run itself (cmd_run.c, run_finish.c) --------------------------------------------- */

struct run {
    struct cli *cli;
    struct run_options options;
    struct run_facts facts;
    struct launch launch;
    struct measurement *measurement;
    struct spool *spool;
    struct live live;
    bool keep;
    bool spool_failed;
    char memory_path[RUN_PATH_MAX + 16];
    struct cloud cloud;
};

/* Writes the record beside the store, if the run is to be kept. */
void run_keep_spool(struct run *run, const struct wattle_record *record);
/* Ends the measurement; keeps, writes and tells it. The exit status of the run, which is `status`
 * unless there was nothing but the measurement. */
int run_finish(struct run *run, int status);

#endif
