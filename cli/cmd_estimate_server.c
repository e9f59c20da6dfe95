/* SPDX-License-Identifier: MIT */
/* `wattle estimate server`: what a whole server draws at its plug. */
#include "cli/estimate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/output.h"
#include "estimate/server.h"
#include "estimate/server_csv.h"

static const char help[] =
    "Estimate what a whole server draws at its plug, with a 90 % interval.\n"
    "\n"
    "Usage: wattle estimate server --cpu NAME --load 0..1 [OPTIONS]\n"
    "       wattle estimate server --csv FILE\n"
    "\n"
    "      --cpu NAME              as the machine or the maker says it\n"
    "      --load U                share of full load, 0 (idle) to 1\n"
    "      --sockets N             processors\n"
    "      --cores N               of all sockets together\n"
    "      --threads-per-core N\n"
    "      --memory-gb X           of all sockets together\n"
    "      --tdp-w W               of one socket\n"
    "      --vcpus N               a guest with N virtual CPUs of such a host\n"
    "      --csv FILE              a table (\"-\": standard input): columns cpu, sockets, cores,\n"
    "                              threads_per_core, memory_gb, tdp_w, load, vcpus; empty cells\n"
    "                              are unknown, other columns pass through\n"
    "      --json                  one object\n"
    "      --explain               every coefficient, what it does and its source\n"
    "\n"
    "What is not given is looked up for the processor, or assumed and said so.\n"
    "Two chassis with the same processor differ by about 18 % idle and 10 % at full load.\n"
    "Exit status: 0; 2 when the question makes no sense.\n";

struct server_query {
    struct estimate_server_spec spec;
    double load, vcpus; /* NaN: not given */
    const char *csv;
    bool json, explain, any;
};

enum {
    OPT_CPU = OPTION_OWN, OPT_LOAD, OPT_SOCKETS, OPT_CORES, OPT_THREADS, OPT_MEMORY, OPT_TDP,
    OPT_VCPUS, OPT_CSV, OPT_JSON, OPT_EXPLAIN
};

static const struct option options[] = {{"cpu", required_argument, NULL, OPT_CPU},
                                        {"load", required_argument, NULL, OPT_LOAD},
                                        {"sockets", required_argument, NULL, OPT_SOCKETS},
                                        {"cores", required_argument, NULL, OPT_CORES},
                                        {"threads-per-core", required_argument, NULL, OPT_THREADS},
                                        {"memory-gb", required_argument, NULL, OPT_MEMORY},
                                        {"tdp-w", required_argument, NULL, OPT_TDP},
                                        {"vcpus", required_argument, NULL, OPT_VCPUS},
                                        {"csv", required_argument, NULL, OPT_CSV},
                                        {"json", no_argument, NULL, OPT_JSON},
                                        {"explain", no_argument, NULL, OPT_EXPLAIN},
                                        OPTIONS_COMMON};

static bool take_count(struct cli *cli, const char *name, const char *text, int *ret)
{
    long value;
    if (!option_integer(cli, name, text, 1, 1000000, &value)) {
        return false;
    }
    *ret = (int)value;
    return true;
}

static bool take(struct cli *cli, int code, struct server_query *query)
{
    struct estimate_server_spec *spec = &query->spec;
    query->any = query->any || (code != OPT_CSV && code != OPT_JSON && code != OPT_EXPLAIN);
    switch (code) {
    case OPT_CPU:
        snprintf(spec->cpu, sizeof(spec->cpu), "%.127s", optarg);
        return true;
    case OPT_LOAD:
        return option_number(cli, "--load", optarg, 0, 1, &query->load);
    case OPT_SOCKETS:
        return take_count(cli, "--sockets", optarg, &spec->sockets);
    case OPT_CORES:
        return take_count(cli, "--cores", optarg, &spec->cores);
    case OPT_THREADS:
        return take_count(cli, "--threads-per-core", optarg, &spec->threads_per_core);
    case OPT_MEMORY:
        return option_number(cli, "--memory-gb", optarg, 0.01, 1e6, &spec->memory_gb);
    case OPT_TDP:
        return option_number(cli, "--tdp-w", optarg, 0.1, 1e5, &spec->tdp_w);
    case OPT_VCPUS:
        return option_number(cli, "--vcpus", optarg, 0.01, 1e5, &query->vcpus);
    case OPT_CSV:
        query->csv = optarg;
        return true;
    case OPT_JSON:
        query->json = true;
        return true;
    default:
        query->explain = true;
        return true;
    }
}

/* ---- one server ----------------------------------------------------------------------------- */

static json_t *terms_json(const struct estimate_term *terms, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_object();
        output_text(object, "name", terms[i].name);
        output_number(object, "value", terms[i].value);
        output_number(object, "idle_factor", terms[i].idle_factor);
        output_number(object, "full_factor", terms[i].full_factor);
        output_text(object, "source", terms[i].source);
        json_array_append_new(array, object);
    }
    return array;
}

static int print_json(const struct server_query *query, const struct estimate_server *server,
                      const struct wattle_bound *power)
{
    json_t *object = json_object();
    output_number(object, "power_w", power->value);
    output_number(object, "low_w", power->low);
    output_number(object, "high_w", power->high);
    output_number(object, "confidence", server->confidence);
    output_number(object, "idle_w", server->idle_w.value);
    output_number(object, "max_w", server->max_w.value);
    /* Always there, so that who reads it need not ask whether it is. */
    output_text(object, "microarchitecture",
                server->microarchitecture[0] != '\0' ? server->microarchitecture : "unknown");
    output_text(object, "basis", server->basis);
    if (query->explain) {
        struct estimate_term terms[ESTIMATE_TERMS_MAX];
        json_t *shape = json_array();
        for (int i = 0; i <= 10; i++) {
            json_array_append_new(shape, json_real(server->shape[i]));
        }
        output_number(object, "idle_low_w", server->idle_w.low);
        output_number(object, "idle_high_w", server->idle_w.high);
        output_number(object, "max_low_w", server->max_w.low);
        output_number(object, "max_high_w", server->max_w.high);
        json_object_set_new(object, "shape", shape);
        json_object_set_new(object, "coefficients",
                            terms_json(terms, estimate_server_terms(&query->spec, terms,
                                                                    ESTIMATE_TERMS_MAX)));
    }
    return output_json(object);
}

static void print_bound(const char *name, struct wattle_bound bound)
{
    char value[32], low[32], high[32];
    printf("  %-8s %9s   (%s to %s)\n", name, units_power(bound.value, value, sizeof(value)),
           units_power(bound.low, low, sizeof(low)), units_power(bound.high, high, sizeof(high)));
}

static void print_terms(const struct server_query *query, const struct estimate_server *server)
{
    struct estimate_term terms[ESTIMATE_TERMS_MAX];
    size_t count = estimate_server_terms(&query->spec, terms, ESTIMATE_TERMS_MAX);
    printf("\nEach factor multiplies the constant; their product is idle and full power.\n");
    printf("  %-28s %10s %8s %8s  %s\n", "", "value", "idle", "full", "source");
    for (size_t i = 0; i < count; i++) {
        char value[32] = "";
        if (wattle_known(terms[i].value)) {
            snprintf(value, sizeof(value), "%.5g", terms[i].value);
        }
        printf("  %-28s %10s %8.4g %8.4g  %s\n", terms[i].name, value, terms[i].idle_factor,
               terms[i].full_factor, terms[i].source);
    }
    printf("\nP(u) = idle + (full - idle) s(u); s at 0, 0.1 .. 1:");
    for (int i = 0; i <= 10; i++) {
        printf(" %.3g", server->shape[i]);
    }
    printf("\n90 %% range of each end as printed above; docs/estimation.md says how it was "
           "found.\n");
}

static int estimate_one(const struct server_query *query)
{
    struct estimate_server server;
    struct wattle_bound power = {WATTLE_UNKNOWN, WATTLE_UNKNOWN, WATTLE_UNKNOWN};
    if (wattle_known(query->vcpus)) {
        estimate_server_share(&query->spec, query->vcpus, &server);
    } else {
        estimate_server(&query->spec, &server);
    }
    if (wattle_known(query->load)) {
        power = estimate_server_power(&server, query->load);
    }
    if (query->json) {
        return print_json(query, &server, &power);
    }
    printf("%s\n", server.microarchitecture[0] != '\0' ? server.microarchitecture
                                                       : "unknown microarchitecture");
    if (wattle_known(query->load)) {
        char name[32];
        snprintf(name, sizeof(name), "at %.3g", query->load);
        print_bound(name, power);
    }
    print_bound("idle", server.idle_w);
    print_bound("full", server.max_w);
    printf("  %s\n", server.basis);
    if (query->explain) {
        print_terms(query, &server);
    }
    return CLI_OK;
}

/* ---- a table -------------------------------------------------------------------------------- */

/* The whole of a stream, which may be a pipe. NULL after saying why. */
static char *slurp(struct cli *cli, const char *path, size_t *ret_size)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    char *text = NULL;
    size_t size = 0, capacity = 0;
    if (file == NULL) {
        usage_error(cli, "%s: %s", path, strerror(errno));
        return NULL;
    }
    for (;;) {
        if (size == capacity) {
            char *grown = realloc(text, capacity = capacity * 2 + 65536);
            if (grown == NULL) {
                usage_error(cli, "%s: out of memory", path);
                goto fail;
            }
            text = grown;
        }
        size_t n = fread(text + size, 1, capacity - size, file);
        if (n == 0) {
            break;
        }
        size += n;
    }
    if (ferror(file)) {
        usage_error(cli, "%s: %s", path, strerror(errno));
        goto fail;
    }
    if (file != stdin) {
        fclose(file);
    }
    *ret_size = size;
    return text;

fail:
    free(text);
    if (file != stdin) {
        fclose(file);
    }
    return NULL;
}

static int estimate_table(struct cli *cli, const char *path)
{
    struct wattle_error err = {0};
    size_t size, result_size;
    char *result;
    char *text = slurp(cli, path, &size);
    if (text == NULL) {
        return CLI_USAGE;
    }
    int code = server_csv_estimate(text, size, &result, &result_size, &err);
    free(text);
    if (code != 0) {
        return usage_error(cli, "%s: %s", path, err.text);
    }
    fwrite(result, 1, result_size, stdout);
    free(result);
    return CLI_OK;
}

int estimate_cmd_server(struct cli *cli, int argc, char **argv)
{
    struct server_query query = {.load = WATTLE_UNKNOWN, .vcpus = WATTLE_UNKNOWN};
    int code;
    query.spec.family = query.spec.model = -1;
    query.spec.memory_gb = query.spec.tdp_w = WATTLE_UNKNOWN;
    while ((code = option_next(cli, argc, argv, "", options, help)) >= 0) {
        if (!take(cli, code, &query)) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv)) {
        return CLI_USAGE;
    }
    if (query.csv != NULL) {
        if (query.any || query.json || query.explain) {
            return usage_error(cli, "--csv takes its questions from the file: no option beside it");
        }
        return estimate_table(cli, query.csv);
    }
    if (!query.any) {
        return usage_error(cli, "which server? --cpu NAME, or --csv FILE");
    }
    return estimate_one(&query);
}
