/* SPDX-License-Identifier: MIT */
/* `wattle estimate`: joules before anything runs. */
#include "cli/estimate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cli/output.h"
#include "formats/model_file.h"

static const char help[] =
    "Estimate power and energy before anything runs, with a 90 % interval.\n"
    "\n"
    "Usage: wattle estimate server  --cpu NAME --load U [OPTIONS]\n"
    "       wattle estimate train   --accelerator NAME --parameters N --tokens N [OPTIONS]\n"
    "       wattle estimate infer   --accelerator NAME --parameters N [OPTIONS]\n"
    "       wattle estimate compare --accelerator A --accelerator B ... [OPTIONS]\n"
    "       wattle estimate --model FILE [--json]   what a model file holds\n"
    "\n"
    "`wattle estimate WHAT --help` says more. docs/estimation.md explains the method.\n"
    "Exit status: 0; 2 when the question makes no sense.\n";

#define WORK_OPTIONS                                                                               \
    "      --accelerator NAME      as in `wattle accelerators`\n"                                  \
    "      --count N               how many of them (1)\n"                                         \
    "      --precision P           fp32 tf32 bf16 fp16 fp8 int8 int4 mxfp4 (bf16)\n"               \
    "      --parameters N          of the model: 8B, 175e9\n"                                      \
    "      --active-parameters N   used for one token (mixture of experts)\n"                      \
    "      --model FILE            read both from safetensors, GGUF or ONNX\n"                     \
    "      --batch N               served or trained together\n"                                   \
    "      --flops N               of the whole work, if you know it\n"                            \
    "      --flops-per-sample N    one forward pass\n"                                             \
    "      --utilization U         useful over peak FLOP/s (MFU), 0..1\n"                          \
    "      --power-w W             measured mean per accelerator, host share included\n"           \
    "      --network-gb N          moved over wide-area networks\n"                                \
    "      --storage-gb N          kept meanwhile\n"                                               \
    "      --pue X                 of the data centre (unknown: 1.56; 1 outside of one)\n"         \
    "      --zone ZONE             adds CO2e and cost\n"                                           \
    "      --household             the price that homes pay\n"                                     \
    "      --json                  one object\n"                                                   \
    "      --explain               every coefficient, its range and its source\n"

static const char train_help[] =
    "Estimate the energy of training.\n"
    "\n"
    "Usage: wattle estimate train --accelerator NAME --parameters N --tokens N [OPTIONS]\n"
    "\n"
    "      --tokens N              seen in training\n"
    "      --samples N             or samples, with --flops-per-sample\n"
    "      --epochs N              passes over them\n" WORK_OPTIONS;

static const char infer_help[] =
    "Estimate the energy of inference.\n"
    "\n"
    "Usage: wattle estimate infer --accelerator NAME --parameters N [OPTIONS]   language models\n"
    "       wattle estimate infer --accelerator NAME --flops-per-sample N [OPTIONS]   others\n"
    "\n"
    "      --requests N            how many (1)\n"
    "      --output-tokens N       generated for one request (500)\n"
    "      --input-tokens N        prompt of one request\n"
    "      --tokens N              generated in all, instead of requests\n"
    "      --samples N             inferences, with --flops-per-sample\n"
    "      --workload W            chat reasoning code image video (chat)\n"
    "      --hybrid                Mamba and transformer layers mixed\n" WORK_OPTIONS;

static int estimate_one(struct cli *cli, int argc, char **argv, bool training)
{
    struct estimate_query query;
    struct estimate_result result;
    struct estimate_price price;
    struct wattle_error err;
    bool done;
    int code = estimate_query_parse(cli, argc, argv, training ? train_help : infer_help, &query,
                                    &done);

    if (done) {
        return code;
    }
    if (query.accelerator_count > 1) {
        return usage_error(cli, "one accelerator here; `wattle estimate compare` takes several");
    }
    code = training ? estimate_train(&query.work, &result, &err)
                    : estimate_infer(&query.work, &result, &err);
    if (code != 0) {
        return usage_error(cli, "%s", err.text);
    }
    code = estimate_price_of(cli, &query, result.energy_j.value, &price);
    if (code != CLI_OK) {
        return code;
    }
    if (query.json) {
        return output_json(estimate_result_json(&result, &price, query.explain));
    }
    estimate_result_print(&result, &price, query.explain);
    return CLI_OK;
}

static int cmd_train(struct cli *cli, int argc, char **argv)
{
    return estimate_one(cli, argc, argv, true);
}

static int cmd_infer(struct cli *cli, int argc, char **argv)
{
    return estimate_one(cli, argc, argv, false);
}

static json_t *model_json(const struct model_file *model)
{
    json_t *object = json_object();
    json_t *types = json_array();
    int i;

    output_text(object, "format", model->format);
    output_text(object, "architecture", model->architecture);
    output_text(object, "name", model->name);
    output_number(object, "parameters", model->parameters);
    output_number(object, "active_parameters", model->active_parameters);
    output_number(object, "weight_bytes", model->weight_bytes);
    json_object_set_new(object, "tensors", json_integer((json_int_t)model->tensors));
    output_number(object, "layers", model->layers > 0 ? model->layers : NAN);
    output_number(object, "hidden_size", model->hidden_size > 0 ? model->hidden_size : NAN);
    output_number(object, "experts", model->experts > 0 ? model->experts : NAN);
    output_number(object, "experts_used", model->experts_used > 0 ? model->experts_used : NAN);
    output_number(object, "context_length",
                  model->context_length > 0 ? model->context_length : NAN);
    if (!isnan(model->flops_per_unit)) {
        output_number(object, strcmp(model->unit, "token") == 0 ? "flops_per_token"
                                                                : "flops_per_sample",
                      model->flops_per_unit);
    }
    for (i = 0; i < model->type_count; i++) {
        json_t *type = json_object();

        output_text(type, "type", model->types[i].name);
        output_number(type, "parameters", model->types[i].parameters);
        output_number(type, "bits", model->types[i].bits > 0 ? model->types[i].bits : NAN);
        json_array_append_new(types, type);
    }
    json_object_set_new(object, "types", types);
    return object;
}

static void print_count(const char *name, double value)
{
    if (value > 0) {
        printf("  %-18s %.4g\n", name, value);
    }
}

static void print_model(const struct model_file *model)
{
    int i;

    printf("%s%s%s%s%s\n", model->format, model->architecture[0] != '\0' ? ", " : "",
           model->architecture, model->name[0] != '\0' ? ", " : "", model->name);
    print_count("parameters", model->parameters);
    if (model->active_parameters < model->parameters) {
        print_count("active parameters", model->active_parameters);
    }
    print_count("weight bytes", model->weight_bytes);
    print_count("tensors", (double)model->tensors);
    print_count("layers", model->layers);
    print_count("experts", model->experts);
    print_count("experts used", model->experts_used);
    print_count("context length", model->context_length);
    if (isnan(model->flops_per_unit)) {
        printf("  %-18s unknown\n", "FLOPs");
    } else {
        printf("  FLOPs per %-8s %.4g\n", model->unit, model->flops_per_unit);
    }
    for (i = 0; i < model->type_count; i++) {
        printf("  %-18s %5.1f %%\n", model->types[i].name,
               100 * model->types[i].parameters / fmax(model->parameters, 1));
    }
}

int estimate_cmd_model(struct cli *cli, const char *path, bool json)
{
    struct model_file model;
    struct wattle_error err;

    if (model_file_read(path, &model, &err) != 0) {
        return usage_error(cli, "%s", err.text);
    }
    if (json) {
        return output_json(model_json(&model));
    }
    print_model(&model);
    return CLI_OK;
}

static const struct command subcommands[] = {
    {"server", "the power of a whole server", estimate_cmd_server},
    {"train", "the energy of training", cmd_train},
    {"infer", "the energy of inference", cmd_infer},
    {"compare", "accelerators side by side, cloud against edge", estimate_cmd_compare},
};
#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof subcommands[0])

static int unknown_subcommand(struct cli *cli, const char *name)
{
    const char *nearest = NULL;
    size_t i;

    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        nearest = nearest_better(name, nearest, subcommands[i].name);
    }
    if (nearest != NULL) {
        return usage_error(cli, "cannot estimate \"%.60s\"; did you mean \"%s\"?", name, nearest);
    }
    return usage_error(cli, "cannot estimate \"%.60s\"; see `wattle estimate --help`", name);
}

int cmd_estimate(struct cli *cli, int argc, char **argv)
{
    enum { OPT_MODEL = OPTION_OWN, OPT_JSON };
    static const struct option options[] = {{"model", required_argument, NULL, OPT_MODEL},
                                            {"json", no_argument, NULL, OPT_JSON},
                                            OPTIONS_COMMON};
    const char *model = NULL;
    bool json = false;
    char full[32];
    size_t i;
    int code;

    while ((code = option_next(cli, argc, argv, "+", options, help)) >= 0) {
        if (code == OPT_MODEL) {
            model = optarg;
        } else {
            json = true;
        }
    }
    if (code != OPTION_END) {
        return code == OPTION_DONE ? CLI_OK : CLI_USAGE;
    }
    if (model != NULL) {
        return option_no_arguments(cli, argc, argv) ? estimate_cmd_model(cli, model, json)
                                                    : CLI_USAGE;
    }
    if (optind >= argc) {
        return usage_error(cli, "estimate what? see `wattle estimate --help`");
    }
    for (i = 0; i < SUBCOMMAND_COUNT; i++) {
        if (strcmp(argv[optind], subcommands[i].name) == 0) {
            int first = optind;

            snprintf(full, sizeof full, "estimate %s", subcommands[i].name);
            cli->command = full;
            optind = 0; /* glibc: start anew with other options */
            code = subcommands[i].run(cli, argc - first, argv + first);
            cli->command = "estimate";
            return code;
        }
    }
    return unknown_subcommand(cli, argv[optind]);
}
