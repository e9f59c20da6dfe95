/* SPDX-License-Identifier: MIT */
/* `wattle estimate compare` and `wattle accelerators`: side by side. */
#include "cli/estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "cli/output.h"

static const char compare_help[] =
    "The same inference on several accelerators: the cloud, with the network in between, against\n"
    "the edge.\n"
    "\n"
    "Usage: wattle estimate compare --accelerator A --accelerator B ... [OPTIONS]\n"
    "\n"
    "Takes the options of `wattle estimate infer`, and\n"
    "      --request-kb N    sent and received for one request when it is answered in a data\n"
    "                        centre (10); nothing is sent when it is answered at the edge\n"
    "\n"
    "Server accelerators stand for the cloud (PUE, network), others for the place of use.\n";

static const char accelerators_help[] =
    "Accelerators that estimates know, with TOPS per watt, source and confidence.\n"
    "\n"
    "Usage: wattle accelerators [--json] [NAME]\n"
    "\n"
    "A power that its vendor does not publish is a range.\n"
    "Exit status: 0; 2 when there is no such accelerator.\n";

static bool in_cloud(const struct accelerator *a) { return strcmp(a->class_name, "server") == 0; }

/* Dense operations per joule at 8 bits, or 16 where 8 is not known. NaN without a power. */
static double tops_per_w(const struct accelerator *a)
{
    double tops = isnan(a->int8_tops) ? a->bf16_tflops : a->int8_tops;

    return tops / a->tdp_w;
}

static double requests_of(const struct estimate_work *work)
{
    if (!isnan(work->requests)) {
        return work->requests;
    }
    if (!isnan(work->samples)) {
        return work->samples;
    }
    if (!isnan(work->tokens)) {
        return work->tokens / (isnan(work->output_tokens) ? 500 : work->output_tokens);
    }
    return 1;
}

static int estimate_on(struct cli *cli, const struct estimate_query *query, size_t i,
                       struct estimate_result *ret)
{
    struct estimate_work work = query->work;
    struct wattle_error err;

    work.accelerator = query->accelerators[i];
    if (in_cloud(work.accelerator)) {
        double kb = isnan(query->request_kb) ? 10 : query->request_kb;

        if (isnan(work.network_gb)) {
            work.network_gb = kb * 1e-6 * requests_of(&work);
        }
    } else {
        work.network_gb = NAN;
        work.pue = NAN;
    }
    if (estimate_infer(&work, ret, &err) != 0) {
        return usage_error(cli, "%s: %s", work.accelerator->device, err.text);
    }
    return CLI_OK;
}

static json_t *compare_json(const struct accelerator *a, const struct estimate_result *result,
                            const struct estimate_price *price, bool explain)
{
    json_t *object = json_object();

    output_text(object, "accelerator", a->device);
    output_text(object, "vendor", a->vendor);
    output_text(object, "place", in_cloud(a) ? "cloud" : "edge");
    output_number(object, "tops_per_w", tops_per_w(a));
    json_object_update_new(object, estimate_result_json(result, price, explain));
    return object;
}

static void compare_line(const struct accelerator *a, const struct estimate_result *result,
                         const struct estimate_price *price)
{
    char energy[32], low[32], high[32], unit[32], time[32], network[32], tops[32] = "unknown";
    char co2e[32] = "";

    if (!isnan(tops_per_w(a))) {
        snprintf(tops, sizeof tops, "%.2f", tops_per_w(a));
    }
    if (!isnan(price->co2e_g)) {
        units_mass(price->co2e_g, co2e, sizeof co2e);
    }
    printf("%-22s %-5s %10s %10s %10s %10s %10s %10s %8s %9s\n", a->device,
           in_cloud(a) ? "cloud" : "edge", units_energy(result->energy_j.value, energy, 32),
           units_energy(result->energy_j.low, low, 32),
           units_energy(result->energy_j.high, high, 32),
           units_energy(result->per_unit_j, unit, 32),
           units_duration(result->duration_s, time, 32),
           units_energy(result->breakdown.network_j, network, 32), tops, co2e);
}

int estimate_cmd_compare(struct cli *cli, int argc, char **argv)
{
    struct estimate_query query;
    json_t *array;
    bool done;
    size_t i;
    int code = estimate_query_parse(cli, argc, argv, compare_help, &query, &done);

    if (done) {
        return code;
    }
    array = json_array();
    if (!query.json) {
        printf("%-22s %-5s %10s %10s %10s %10s %10s %10s %8s %9s\n", "accelerator", "place",
               "energy", "low", "high", "per unit", "time", "network", "TOPS/W",
               query.zone != NULL ? "CO2e" : "");
    }
    for (i = 0; i < query.accelerator_count && code == CLI_OK; i++) {
        struct estimate_result result;
        struct estimate_price price;

        code = estimate_on(cli, &query, i, &result);
        if (code == CLI_OK) {
            code = estimate_price_of(cli, &query, result.energy_j.value, &price);
        }
        if (code == CLI_OK && query.json) {
            json_array_append_new(array, compare_json(query.accelerators[i], &result, &price,
                                                      query.explain));
        } else if (code == CLI_OK) {
            compare_line(query.accelerators[i], &result, &price);
        }
    }
    if (query.json && code == CLI_OK) {
        return output_json(array);
    }
    json_decref(array);
    return code;
}

static json_t *accelerator_json(const struct accelerator *a)
{
    struct wattle_bound power = accelerator_power(a, NAN);
    json_t *object = json_object();

    output_text(object, "vendor", a->vendor);
    output_text(object, "device", a->device);
    output_text(object, "class", a->class_name);
    output_number(object, "tdp_w", a->tdp_w);
    output_number(object, "working_w", power.value);
    output_number(object, "working_low_w", power.low);
    output_number(object, "working_high_w", power.high);
    output_number(object, "bf16_tflops", a->bf16_tflops);
    output_number(object, "int8_tops", a->int8_tops);
    output_number(object, "tops_per_w", tops_per_w(a));
    output_number(object, "memory_gb", a->memory_gb);
    output_number(object, "bandwidth_gb_s", a->bandwidth_gb_s);
    output_text(object, "power_note", a->power_note);
    output_text(object, "source", a->source);
    output_text(object, "confidence", a->confidence);
    return object;
}

static const char *figure(double value, char *ret, size_t size)
{
    if (isnan(value)) {
        snprintf(ret, size, "-");
    } else {
        snprintf(ret, size, "%.4g", value);
    }
    return ret;
}

static void accelerator_line(const struct accelerator *a)
{
    struct wattle_bound power = accelerator_power(a, NAN);
    char watts[32], bf16[32], int8[32], memory[32], bandwidth[32], tops[32];

    if (isnan(a->tdp_w) && isnan(power.value)) {
        snprintf(watts, sizeof watts, "unknown");
    } else if (isnan(a->tdp_w)) {
        snprintf(watts, sizeof watts, "%.3g-%.3g", power.low, power.high);
    } else {
        figure(a->tdp_w, watts, sizeof watts);
    }
    printf("%-11s %-30s %10s %8s %8s %7s %9s %7s  %s; %s\n", a->vendor, a->device, watts,
           figure(a->bf16_tflops, bf16, sizeof bf16), figure(a->int8_tops, int8, sizeof int8),
           figure(a->memory_gb, memory, sizeof memory),
           figure(a->bandwidth_gb_s, bandwidth, sizeof bandwidth),
           figure(tops_per_w(a), tops, sizeof tops), a->confidence, a->source);
}

int cmd_accelerators(struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, OPTION_OWN},
                                            OPTIONS_COMMON};
    const struct accelerator *only = NULL;
    struct wattle_error err;
    json_t *array;
    bool json = false;
    size_t i;
    int code;

    while ((code = option_next(cli, argc, argv, "", options, accelerators_help)) >= 0) {
        json = true;
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (argc - optind > 1) {
        return usage_error(cli, "at most one name; quote it if it has spaces");
    }
    if (optind < argc && accelerator_find(argv[optind], &only, &err) != 0) {
        return usage_error(cli, "%s", err.text);
    }
    if (!json) {
        printf("%-11s %-30s %10s %8s %8s %7s %9s %7s  %s\n", "vendor", "device", "TDP W", "bf16 TF",
               "int8 T", "GB", "GB/s", "TOPS/W", "confidence; source");
    }
    array = json_array();
    for (i = 0; i < accelerator_count; i++) {
        if (only != NULL && &accelerators[i] != only) {
            continue;
        }
        if (json) {
            json_array_append_new(array, accelerator_json(&accelerators[i]));
        } else {
            accelerator_line(&accelerators[i]);
        }
    }
    if (json) {
        return output_json(array);
    }
    json_decref(array);
    return CLI_OK;
}
