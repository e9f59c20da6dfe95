/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "estimate/server.h"

static struct estimate_server_spec spec_of(const char *cpu, int sockets, int cores, int threads,
                                           double memory_gb, double tdp_w)
{
    struct estimate_server_spec spec = {
        .family = -1, .model = -1, .sockets = sockets, .cores = cores,
        .threads_per_core = threads, .memory_gb = memory_gb, .tdp_w = tdp_w};
    snprintf(spec.cpu, sizeof(spec.cpu), "%s", cpu);
    return spec;
}

static void assert_ordered(struct wattle_bound bound)
{
    assert_true(bound.low > 0 && isfinite(bound.high));
    assert_true(bound.low <= bound.value && bound.value <= bound.high);
}

static void nothing_known_is_still_three_numbers(void **state)
{
    (void)state;
    struct estimate_server_spec spec = spec_of("", 0, 0, 0, WATTLE_UNKNOWN, WATTLE_UNKNOWN);
    struct estimate_server server;
    estimate_server(&spec, &server);
    assert_ordered(server.idle_w);
    assert_ordered(server.max_w);
    assert_true(server.idle_w.high / server.idle_w.low > 3);
    assert_string_equal(server.microarchitecture, "");
}

static void power_rises_with_load_between_idle_and_full(void **state)
{
    (void)state;
    struct estimate_server_spec spec = spec_of("AMD EPYC 7763", 2, 128, 2, 512, 280);
    struct estimate_server server;
    estimate_server(&spec, &server);
    double last = 0;
    for (int i = -1; i <= 11; i++) {
        struct wattle_bound power = estimate_server_power(&server, i / 10.0);
        assert_ordered(power);
        assert_true(power.value >= last);
        last = power.value;
    }
    assert_true(fabs(last - server.max_w.value) < 1e-9);
    assert_true(fabs(estimate_server_power(&server, NAN).value - server.idle_w.value) < 1e-9);
}

static void between_its_ends_the_curve_is_unsure_too(void **state)
{
    (void)state;
    struct estimate_server server;
    struct estimate_server_spec spec = spec_of("AMD EPYC 7763", 2, 128, 2, 512, 280);
    estimate_server(&spec, &server);
    /* Two readings have pinned both ends; what lies between is still a guess. */
    server.idle_w.low = server.idle_w.high = server.idle_w.value;
    server.max_w.low = server.max_w.high = server.max_w.value;
    struct wattle_bound half = estimate_server_power(&server, 0.5);
    assert_true(half.high / half.low > 1.08);
    struct wattle_bound last = server.idle_w;
    for (int i = 0; i <= 1000; i++) {
        struct wattle_bound power = estimate_server_power(&server, i / 1000.0);
        assert_ordered(power);
        assert_true(power.low >= last.low && power.high >= last.high);
        last = power;
    }
    assert_true(last.low == last.high);
}

static void a_guest_pays_its_share_of_a_host(void **state)
{
    (void)state;
    struct estimate_server_spec spec = spec_of("AMD EPYC", 1, 1, 2, 8, WATTLE_UNKNOWN);
    struct estimate_server small, large;
    estimate_server_share(&spec, 2, &small);
    estimate_server_share(&spec, 8, &large);
    assert_ordered(small.idle_w);
    assert_true(fabs(large.max_w.value / small.max_w.value - 4) < 1e-6);
    assert_true(small.max_w.value < 60);
    assert_true(small.max_w.high / small.max_w.low > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_known_is_still_three_numbers),
        cmocka_unit_test(power_rises_with_load_between_idle_and_full),
        cmocka_unit_test(between_its_ends_the_curve_is_unsure_too),
        cmocka_unit_test(a_guest_pays_its_share_of_a_host),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
