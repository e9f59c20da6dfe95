/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "estimate/workload.h"

static const struct accelerator *find(const char *name)
{
    const struct accelerator *found;
    struct wattle_error err;

    assert_int_equal(accelerator_find(name, &found, &err), 0);
    return found;
}

static double sum(const struct estimate_result *r)
{
    return r->breakdown.compute_j + r->breakdown.memory_j + r->breakdown.network_j +
           r->breakdown.storage_j + r->breakdown.cooling_j + r->breakdown.overhead_j;
}

static void names_come_with_noise(void **state)
{
    const struct accelerator *found;
    struct wattle_error err;

    (void)state;
    assert_string_equal(find("NVIDIA H100 80GB HBM3")->device, "H100 SXM");
    assert_string_equal(find("NVIDIA A100-SXM4-80GB")->device, "A100 SXM 80GB");
    assert_string_equal(find("NVIDIA GeForce RTX 4090")->device, "RTX 4090");
    assert_string_equal(find("tpu v5e")->device, "TPU v5e");
    assert_string_equal(find("Tesla T4")->device, "T4");
    assert_string_equal(find("AMD Instinct MI300X")->device, "MI300X");
    assert_int_equal(accelerator_find("Abacus 9000", &found, &err), WATTLE_E_NOENT);
}

static void a_power_that_nobody_publishes_is_a_range(void **state)
{
    struct wattle_bound power = accelerator_power(find("TPU v7"), NAN);

    (void)state;
    assert_true(isnan(find("TPU v7")->tdp_w));
    assert_true(power.high > 2 * power.low);
    power = accelerator_power(find("H100 SXM"), NAN);
    assert_true(fabs(power.value - 490) < 1);
}

static void every_row_is_found_by_its_own_name(void **state)
{
    const struct accelerator *found;
    struct wattle_error err;
    size_t i;

    (void)state;
    for (i = 0; i < accelerator_count; i++) {
        assert_int_equal(accelerator_find(accelerators[i].device, &found, &err), 0);
        assert_string_equal(found->device, accelerators[i].device);
    }
    assert_string_equal(find("RTX4090")->device, "RTX 4090");
    assert_string_equal(find("TPUv5e")->device, "TPU v5e");
    assert_string_equal(find("H100")->device, "H100 SXM");
    assert_int_equal(accelerator_find("RTX 4080", &found, &err), WATTLE_E_NOENT);
    assert_int_equal(accelerator_find("TPU v9", &found, &err), WATTLE_E_NOENT);
}

/*
 * Patterson et al. 2021, table 4, as collected by LLMCarbon: total FLOPs, achieved FLOP/s per
 * device, system watts per device, devices, PUE -> MWh.
 */
static void published_models_come_out_within_five_percent(void **state)
{
    static const struct {
        const char *device;
        double zettaflops, peak, achieved, watts, count, pue, mwh;
    } models[] = {{"TPU v3", 40.5, 123, 45.6, 310, 512, 1.12, 85.7},
                  {"V100 SXM2", 314, 125, 24.6, 330, 10000, 1.10, 1287},
                  {"TPU v3", 13.3, 123, 48, 288, 1000, 1.09, 24.1},
                  {"TPU v3", 82.2, 123, 34.4, 245, 1000, 1.10, 179},
                  {"V100 SXM2", 23.9, 125, 26.5, 342, 512, 1.10, 94.4}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof models / sizeof models[0]; i++) {
        struct estimate_result result;
        struct estimate_work work;
        double mwh;

        estimate_work_init(&work);
        work.accelerator = find(models[i].device);
        work.flops = models[i].zettaflops * 1e21;
        work.utilization = models[i].achieved / models[i].peak;
        work.power_w = models[i].watts;
        work.count = models[i].count;
        work.pue = models[i].pue;
        assert_int_equal(estimate_train(&work, &result, NULL), 0);
        mwh = result.energy_j.value / 3.6e9;
        assert_true(fabs(mwh / models[i].mwh - 1) < 0.05);
        assert_true(result.energy_j.low < result.energy_j.value);
        assert_true(fabs(sum(&result) / result.energy_j.value - 1) < 1e-12);
    }
}

static void an_unknown_utilisation_widens_the_interval(void **state)
{
    struct estimate_result narrow, wide;
    struct estimate_work work;

    (void)state;
    estimate_work_init(&work);
    work.accelerator = find("A100 SXM 80GB");
    work.parameters = 7e9;
    work.tokens = 1e12;
    work.count = 64;
    work.pue = 1.1;
    assert_int_equal(estimate_train(&work, &wide, NULL), 0);
    work.utilization = 0.35;
    assert_int_equal(estimate_train(&work, &narrow, NULL), 0);
    assert_true(fabs(narrow.energy_j.value / wide.energy_j.value - 1) < 1e-9);
    assert_true(wide.energy_j.high / wide.energy_j.low >
                narrow.energy_j.high / narrow.energy_j.low * 1.3);
    assert_string_equal(wide.unit, "token");
    assert_true(wide.assumption_count > narrow.assumption_count);
}

static void energy_per_token_falls_with_the_batch(void **state)
{
    struct estimate_work work;
    struct estimate_result result;
    double last = INFINITY;
    double batch;

    (void)state;
    estimate_work_init(&work);
    work.accelerator = find("H100 SXM");
    work.parameters = 8e9;
    work.requests = 100;
    work.output_tokens = 500;
    for (batch = 1; batch <= 512; batch *= 2) {
        work.batch = batch;
        assert_int_equal(estimate_infer(&work, &result, NULL), 0);
        assert_true(result.per_unit_j < last);
        assert_true(result.energy_j.low < result.energy_j.value);
        assert_true(result.energy_j.high > result.energy_j.value);
        assert_true(result.floor_j < result.energy_j.value);
        assert_true(fabs(sum(&result) / result.energy_j.value - 1) < 1e-12);
        last = result.per_unit_j;
    }
}

/*
 * Two rows of ML.ENERGY v3 (GPU energy per output token): Llama 3.1 8B on one H100 and Qwen3
 * 14B on one B200 are inside the fit; the interval has to hold them.
 */
static void a_measured_configuration_lies_in_its_interval(void **state)
{
    struct estimate_work work;
    struct estimate_result result;
    double device_j;

    (void)state;
    estimate_work_init(&work);
    work.accelerator = find("B200 SXM");
    work.parameters = 14e9;
    work.batch = 15.996;
    work.tokens = 1;
    work.output_tokens = 7304;
    work.workload = "reasoning";
    assert_int_equal(estimate_infer(&work, &result, NULL), 0);
    device_j = result.breakdown.compute_j + result.breakdown.memory_j;
    assert_true(device_j * 0.5457 < 0.7806 && 0.7806 < device_j * 1.7602);
    assert_true(fabs(device_j / 0.7806 - 1) < 0.35);
}

static void nonsense_is_refused(void **state)
{
    struct estimate_result result;
    struct estimate_work work;
    struct wattle_error err;

    (void)state;
    estimate_work_init(&work);
    assert_int_equal(estimate_train(&work, &result, &err), WATTLE_E_INVALID);
    work.accelerator = find("T4");
    assert_int_equal(estimate_train(&work, &result, &err), WATTLE_E_INVALID);
    work.flops = 1e18;
    work.utilization = 1.2;
    assert_int_equal(estimate_train(&work, &result, &err), WATTLE_E_INVALID);
    work.utilization = 0.3;
    work.pue = 0.9;
    assert_int_equal(estimate_train(&work, &result, &err), WATTLE_E_INVALID);
    work.pue = 1;
    work.precision = "fp3";
    assert_int_equal(estimate_train(&work, &result, &err), WATTLE_E_INVALID);
    work.precision = "fp16";
    assert_int_equal(estimate_train(&work, &result, &err), 0);
    work.workload = "poetry";
    assert_int_equal(estimate_infer(&work, &result, &err), WATTLE_E_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_come_with_noise),
        cmocka_unit_test(a_power_that_nobody_publishes_is_a_range),
        cmocka_unit_test(every_row_is_found_by_its_own_name),
        cmocka_unit_test(published_models_come_out_within_five_percent),
        cmocka_unit_test(an_unknown_utilisation_widens_the_interval),
        cmocka_unit_test(energy_per_token_falls_with_the_batch),
        cmocka_unit_test(a_measured_configuration_lies_in_its_interval),
        cmocka_unit_test(nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
