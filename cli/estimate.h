/* SPDX-License-Identifier: MIT */
/* `wattle estimate`: what its subcommands share. */
#ifndef CLI_ESTIMATE_H
#define CLI_ESTIMATE_H

#include <jansson.h>

#include "account/price.h"
#include "carbon/table.h"
#include "cli/command.h"
#include "estimate/workload.h"

/* Accelerators that one call may compare. */
#define ESTIMATE_ACCELERATORS_MAX 16

/* The query as it was typed. */
struct estimate_query {
    struct estimate_work work; /* of the first accelerator */
    const struct accelerator *accelerators[ESTIMATE_ACCELERATORS_MAX];
    size_t accelerator_count;
    double epochs;       /* NaN: samples and tokens are over all of them */
    double request_kb;   /* compare: sent and received for one request */
    const char *zone;    /* NULL: none named */
    const char *sector;  /* "business" or "household" */
    const char *model;   /* a model file to read parameters from */
    bool json;
    bool explain;
};

/* Parses the options of train, infer and compare. 0, or the exit status with *ret_done set. */
int estimate_query_parse(struct cli *cli, int argc, char **argv, const char *help,
                         struct estimate_query *ret, bool *ret_done);

/* Emissions and money of an energy in the query's zone; NaN and NULL when there is none. */
struct estimate_price {
    double co2e_g, intensity_g_kwh;
    int year;
    double amount;
    const struct price *price;
};
/* 0, or CLI_USAGE after saying that the zone is unknown. */
int estimate_price_of(struct cli *cli, const struct estimate_query *query, double energy_j,
                      struct estimate_price *ret);

json_t *estimate_result_json(const struct estimate_result *result,
                             const struct estimate_price *price, bool explain);
void estimate_result_print(const struct estimate_result *result,
                           const struct estimate_price *price, bool explain);

int cmd_estimate(struct cli *cli, int argc, char **argv);
int cmd_accelerators(struct cli *cli, int argc, char **argv);
int estimate_cmd_compare(struct cli *cli, int argc, char **argv);
int estimate_cmd_server(struct cli *cli, int argc, char **argv);
int estimate_cmd_model(struct cli *cli, const char *path, bool json);

#endif
