/* SPDX-License-Identifier: MIT */
/*
 * Fake machines end to end: the real `wattle run --json` around the player.
 *
 *     run_machines [-v] WATTLE PLAYER FAKE_NVML MACHINE.json...
 *
 * Some run side by side: each mostly sleeps. Prints one line for each machine; status 1 if any
 * is wrong.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <wattle/record.h>

#include "expect.h"

#define SIDE_BY_SIDE 6

struct programs {
    const char *wattle, *player, *nvml;
};

struct job {
    struct machine machine;
    const char *path;
    char root[64];
    pid_t pid; /* 0: free */
};

static void set_path(const char *name, const char *root, const char *rest)
{
    char value[200];

    snprintf(value, sizeof value, "%s/%s", root, rest);
    setenv(name, value, 1);
}

static void set_environment(const struct job *job, const struct programs *programs)
{
    static const char *const foreign[] = {"WATTLE_PROCFS", "WATTLE_SENSORS", "WATTLE_DEV",
                                          "WATTLE_CGROUP", "WATTLE_REPLAY",  "WATTLE_NULL",
                                          "WATTLE_ZONE",   "WATTLE_HZ"};
    const char *nvml = json_string_value(json_object_get(job->machine.manifest, "nvml"));
    char procfs[128];
    size_t i;

    for (i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        unsetenv(foreign[i]);
    }
    set_path("WATTLE_SYSFS", job->root, "sys");
    set_path("WATTLE_STORE", job->root, "store/wattle.db");
    set_path("HOME", job->root, "home");
    set_path("XDG_CONFIG_HOME", job->root, "home/.config");
    snprintf(procfs, sizeof procfs, "%s/proc", job->root);
    if (access(procfs, F_OK) == 0) {
        setenv("WATTLE_PROCFS", procfs, 1);
    }
    setenv("WATTLE_NVML", nvml != NULL ? programs->nvml : "none", 1);
    if (nvml != NULL) {
        setenv("WATTLE_FAKE_NVML", nvml, 1);
    }
}

/* Root reads what it may not, unless it gives up that right. */
static void drop_override(const struct machine *machine)
{
    size_t i;

    for (i = 0; i < machine->counter_count; i++) {
        if (machine->counters[i].denied && geteuid() == 0) {
            prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
            prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
            return;
        }
    }
}

static void run_child(const struct job *job, const struct programs *programs)
{
    char record[128], log[128];
    const char *argv[] = {programs->wattle, "run",  "--quiet", "--json",  record,
                          "--",             programs->player, "play", job->path, job->root, NULL};
    char **arguments;
    int fd;

    snprintf(record, sizeof record, "%s/record.json", job->root);
    snprintf(log, sizeof log, "%s/log", job->root);
    fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    if (chdir(job->root) != 0) {
        _exit(125);
    }
    set_environment(job, programs);
    drop_override(&job->machine);
    memcpy(&arguments, &(const char **){argv}, sizeof arguments);
    execv(programs->wattle, arguments);
    _exit(127);
}

static bool start(struct job *job, const char *path, const struct programs *programs)
{
    job->pid = 0;
    job->path = path;
    if (!machine_load(&job->machine, path)) {
        printf("not ok %s: %s\n", path, job->machine.why);
        machine_finish(&job->machine);
        return false;
    }
    if (!machine_wants(&job->machine, "run")) {
        machine_finish(&job->machine);
        return true;
    }
    snprintf(job->root, sizeof job->root, "/tmp/wattle-machine-XXXXXX");
    if (mkdtemp(job->root) == NULL || !machine_build(&job->machine, job->root)) {
        printf("not ok %s: cannot build %s\n", job->machine.name, job->root);
        machine_finish(&job->machine);
        return false;
    }
    fflush(stdout);
    job->pid = fork();
    if (job->pid == 0) {
        run_child(job, programs);
    }
    return job->pid > 0;
}

static char *read_whole(const char *root, const char *name, size_t *ret_size)
{
    char path[128];
    char *text = calloc(1, 1 << 20);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", root, name);
    file = fopen(path, "r");
    *ret_size = 0;
    if (file != NULL && text != NULL) {
        *ret_size = fread(text, 1, (1 << 20) - 1, file);
    }
    if (file != NULL) {
        fclose(file);
    }
    return text;
}

static bool judge(struct job *job, int status, bool verbose)
{
    struct wattle_record *record = calloc(1, sizeof *record);
    struct wattle_error err = {0};
    char complaints[4096] = "";
    size_t json_size, log_size;
    char *json = read_whole(job->root, "record.json", &json_size);
    char *log = read_whole(job->root, "log", &log_size);
    bool ok = false;

    wattle_record_init(record);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        snprintf(complaints, sizeof complaints, "  %s: status %#x\n", job->machine.name,
                 (unsigned)status);
    } else if (wattle_record_from_json(record, json, json_size, &err) < 0) {
        snprintf(complaints, sizeof complaints, "  %s: record: %s\n", job->machine.name, err.text);
    } else {
        ok = expect_energy(&job->machine, &record->energy, record->duration_s, complaints,
                           sizeof complaints);
    }
    printf("%s %s%s%s\n%s", ok ? "ok" : "not ok", job->machine.name,
           ok ? "" : " - ",
           ok ? "" : json_string_value(json_object_get(job->machine.manifest, "about")),
           complaints);
    if (!ok || verbose) {
        printf("%s%s\n", json, log);
    }
    wattle_record_finish(record);
    free(record);
    free(json);
    free(log);
    machine_remove(job->root);
    machine_finish(&job->machine);
    return ok;
}

static struct job *wait_one(struct job *jobs, int *ret_status)
{
    pid_t pid;
    int i;

    do {
        pid = waitpid(-1, ret_status, 0);
    } while (pid < 0 && errno == EINTR);
    for (i = 0; i < SIDE_BY_SIDE && pid > 0; i++) {
        if (jobs[i].pid == pid) {
            jobs[i].pid = 0;
            return &jobs[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    static struct job jobs[SIDE_BY_SIDE];
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    struct programs programs;
    int next, running = 0, wrong = 0, tried = 0;

    argv += verbose;
    argc -= verbose;
    if (argc < 5) {
        fprintf(stderr, "usage: run_machines [-v] WATTLE PLAYER FAKE_NVML MACHINE.json...\n");
        return 2;
    }
    for (next = 1; next < argc; next++) {
        argv[next] = realpath(argv[next], NULL); /* each machine has a working folder of its own */
        if (argv[next] == NULL) {
            fprintf(stderr, "run_machines: argument %d: no such file\n", next);
            return 2;
        }
    }
    programs = (struct programs){argv[1], argv[2], argv[3]};
    for (next = 4; next < argc || running > 0;) {
        struct job *job = NULL;
        int status, i;

        for (i = 0; i < SIDE_BY_SIDE && job == NULL; i++) {
            job = jobs[i].pid == 0 ? &jobs[i] : NULL;
        }
        if (job != NULL && next < argc) {
            wrong += !start(job, argv[next++], &programs);
            running += job->pid > 0;
            continue;
        }
        job = wait_one(jobs, &status);
        if (job == NULL) {
            break;
        }
        running--;
        tried++;
        wrong += !judge(job, status, verbose);
    }
    printf("%d machines, %d wrong\n", tried, wrong);
    for (next = 1; next < argc; next++) {
        free(argv[next]);
    }
    return wrong > 0 || tried == 0;
}
