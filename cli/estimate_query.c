/* SPDX-License-Identifier: MIT */
/* The options of `wattle estimate train`, `infer` and `compare`. */
#include "cli/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "formats/model_file.h"

enum {
    OPT_ACCELERATOR = OPTION_OWN,
    OPT_PRECISION,
    OPT_ZONE,
    OPT_HOUSEHOLD,
    OPT_MODEL,
    OPT_WORKLOAD,
    OPT_HYBRID,
    OPT_JSON,
    OPT_EXPLAIN,
    OPT_NUMBER /* the first of the table below */
};

/* Options that are one number, and where it goes. */
static const struct {
    const char *name;
    size_t offset;
} numbers[] = {
    {"parameters", offsetof(struct estimate_query, work.parameters)},
    {"active-parameters", offsetof(struct estimate_query, work.active_parameters)},
    {"tokens", offsetof(struct estimate_query, work.tokens)},
    {"samples", offsetof(struct estimate_query, work.samples)},
    {"epochs", offsetof(struct estimate_query, epochs)},
    {"requests", offsetof(struct estimate_query, work.requests)},
    {"input-tokens", offsetof(struct estimate_query, work.input_tokens)},
    {"output-tokens", offsetof(struct estimate_query, work.output_tokens)},
    {"flops", offsetof(struct estimate_query, work.flops)},
    {"flops-per-sample", offsetof(struct estimate_query, work.flops_per_sample)},
    {"batch", offsetof(struct estimate_query, work.batch)},
    {"count", offsetof(struct estimate_query, work.count)},
    {"utilization", offsetof(struct estimate_query, work.utilization)},
    {"mfu", offsetof(struct estimate_query, work.utilization)},
    {"power-w", offsetof(struct estimate_query, work.power_w)},
    {"network-gb", offsetof(struct estimate_query, work.network_gb)},
    {"storage-gb", offsetof(struct estimate_query, work.storage_gb)},
    {"pue", offsetof(struct estimate_query, work.pue)},
    {"request-kb", offsetof(struct estimate_query, request_kb)},
};
#define NUMBER_COUNT (sizeof numbers / sizeof numbers[0])

static const struct option words[] = {
    {"accelerator", required_argument, NULL, OPT_ACCELERATOR},
    {"precision", required_argument, NULL, OPT_PRECISION},
    {"zone", required_argument, NULL, OPT_ZONE},
    {"household", no_argument, NULL, OPT_HOUSEHOLD},
    {"model", required_argument, NULL, OPT_MODEL},
    {"workload", required_argument, NULL, OPT_WORKLOAD},
    {"hybrid", no_argument, NULL, OPT_HYBRID},
    {"json", no_argument, NULL, OPT_JSON},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    OPTIONS_COMMON,
};
#define WORD_COUNT (sizeof words / sizeof words[0])

/* "8B", "1.5T", "300e9", "70M", "12k": a count as people write it. */
static bool parse_count(const char *text, double *ret)
{
    static const char suffixes[] = "kMBGTPEZ";
    static const double factors[] = {1e3, 1e6, 1e9, 1e9, 1e12, 1e15, 1e18, 1e21};
    char number[64];
    size_t length = strlen(text);
    double factor = 1;

    if (length == 0 || length >= sizeof number) {
        return false;
    }
    memcpy(number, text, length + 1);
    {
        char last = number[length - 1];
        bool small = last == 'b' || last == 'm' || last == 't' || last == 'g';
        const char *found = strchr(suffixes, small ? last - 'a' + 'A' : last);

        if (last != '\0' && found != NULL) {
            factor = factors[found - suffixes];
            number[length - 1] = '\0';
        }
    }
    if (!parse_double(number, ret)) {
        return false;
    }
    *ret *= factor;
    return true;
}

static bool take_number(struct cli *cli, int index, const char *text, struct estimate_query *ret)
{
    double value;

    if (!parse_count(text, &value) || value < 0) {
        usage_error(cli, "--%s needs a number such as 8B, 1.5T or 3e11, not \"%.60s\"",
                    numbers[index].name, text);
        return false;
    }
    memcpy((char *)ret + numbers[index].offset, &value, sizeof value);
    return true;
}

static bool take_accelerator(struct cli *cli, const char *name, struct estimate_query *ret)
{
    struct wattle_error err;
    const struct accelerator *found;

    if (ret->accelerator_count == ESTIMATE_ACCELERATORS_MAX) {
        usage_error(cli, "at most %d accelerators", ESTIMATE_ACCELERATORS_MAX);
        return false;
    }
    if (accelerator_find(name, &found, &err) != 0) {
        usage_error(cli, "%s", err.text);
        return false;
    }
    ret->accelerators[ret->accelerator_count++] = found;
    return true;
}

static bool take_word(struct cli *cli, int code, struct estimate_query *ret)
{
    switch (code) {
    case OPT_ACCELERATOR:
        return take_accelerator(cli, optarg, ret);
    case OPT_PRECISION:
        ret->work.precision = optarg;
        return true;
    case OPT_ZONE:
        ret->zone = optarg;
        return true;
    case OPT_HOUSEHOLD:
        ret->sector = "household";
        return true;
    case OPT_MODEL:
        ret->model = optarg;
        return true;
    case OPT_WORKLOAD:
        ret->work.workload = optarg;
        return true;
    case OPT_HYBRID:
        ret->work.hybrid = true;
        return true;
    case OPT_JSON:
        ret->json = true;
        return true;
    case OPT_EXPLAIN:
        ret->explain = true;
        return true;
    default:
        return take_number(cli, code - OPT_NUMBER, optarg, ret);
    }
}

/* What the file says fills what the user did not. */
static int read_model(struct cli *cli, struct estimate_query *ret)
{
    struct wattle_error err;
    struct model_file model;

    if (ret->model == NULL) {
        return CLI_OK;
    }
    if (model_file_read(ret->model, &model, &err) != 0) {
        return usage_error(cli, "%s", err.text);
    }
    if (isnan(ret->work.parameters)) {
        ret->work.parameters = model.parameters;
        if (isnan(ret->work.active_parameters) && model.active_parameters < model.parameters) {
            ret->work.active_parameters = model.active_parameters;
        }
    }
    if (strcmp(model.unit, "sample") == 0 && isnan(ret->work.flops_per_sample)) {
        ret->work.flops_per_sample = model.flops_per_unit;
    }
    if (ret->work.precision == NULL && model.type_count > 0) {
        double bits = model.weight_bytes * 8 / model.parameters;

        ret->work.precision = bits > 24    ? "fp32"
                              : bits > 12  ? "bf16"
                              : bits > 6.6 ? "int8"
                                           : "int4";
    }
    return CLI_OK;
}

int estimate_query_parse(struct cli *cli, int argc, char **argv, const char *help,
                         struct estimate_query *ret, bool *ret_done)
{
    struct option options[NUMBER_COUNT + WORD_COUNT];
    size_t i;
    int code;

    for (i = 0; i < NUMBER_COUNT; i++) {
        options[i] = (struct option){numbers[i].name, required_argument, NULL, OPT_NUMBER + (int)i};
    }
    memcpy(options + NUMBER_COUNT, words, sizeof words);
    memset(ret, 0, sizeof *ret);
    estimate_work_init(&ret->work);
    ret->epochs = NAN;
    ret->request_kb = NAN;
    ret->sector = "business";
    *ret_done = true;
    while ((code = option_next(cli, argc, argv, "", options, help)) >= 0) {
        if (!take_word(cli, code, ret)) {
            return CLI_USAGE;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (!option_no_arguments(cli, argc, argv) || cli_load_config(cli) != 0) {
        return CLI_USAGE;
    }
    if (ret->accelerator_count == 0) {
        return usage_error(cli, "which accelerator? --accelerator NAME; "
                                "`wattle accelerators` lists them");
    }
    if (ret->zone == NULL) {
        ret->zone = config_text(&cli->config, CONFIG_ZONE);
    }
    ret->work.accelerator = ret->accelerators[0];
    if (!isnan(ret->epochs)) {
        ret->work.samples *= ret->epochs;
        ret->work.tokens *= ret->epochs;
    }
    code = read_model(cli, ret);
    *ret_done = code != CLI_OK;
    return code;
}

int estimate_price_of(struct cli *cli, const struct estimate_query *query, double energy_j,
                      struct estimate_price *ret)
{
    struct carbon_factor factor;
    struct wattle_error err;
    double kwh = energy_j / 3.6e6;

    *ret = (struct estimate_price){NAN, NAN, 0, NAN, NULL};
    if (query->zone == NULL) {
        return CLI_OK;
    }
    ret->price = price_find(query->zone, query->sector);
    if (ret->price != NULL) {
        ret->amount = kwh * ret->price->per_kwh;
    }
    if (carbon_table_find(query->zone, &factor, &err) != 0) {
        return ret->price != NULL ? CLI_OK : usage_error(cli, "%s", err.text);
    }
    ret->intensity_g_kwh = factor.intensity_g_kwh;
    ret->year = factor.year;
    ret->co2e_g = kwh * factor.intensity_g_kwh;
    return CLI_OK;
}
