/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "golden.h"
#include "report/lines.h"
#include "report/text.h"
#include "sample.h"

static void expect(const char *name, const struct wattle_record *record,
                   const struct report_text_options *options)
{
    char *printed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);

    assert_non_null(out);
    report_text(out, record, options);
    fclose(out);
    golden_compare(name, printed);
    free(printed);
}

static void a_measured_run(void **state)
{
    const struct report_text_options verbose = {.verbose = true};
    const struct report_text_options colour = {.colour = true};
    const struct report_text_options narrow = {.columns = 40};
    struct wattle_record record;

    (void)state;
    sample_record(&record);
    expect("measured", &record, NULL);
    expect("measured-verbose", &record, &verbose);
    expect("measured-colour", &record, &colour);
    expect("measured-narrow", &record, &narrow);
    wattle_record_finish(&record);
}

static void a_plain_run_is_twelve_lines(void **state)
{
    struct wattle_record record;

    (void)state;
    sample_record(&record);
    record.energy.component_count = 3;
    record.energy.note_count = 0;
    record.energy.wall_j.value = WATTLE_UNKNOWN;
    expect("plain", &record, NULL);
    wattle_record_finish(&record);
}

static void a_virtual_machine_without_counters(void **state)
{
    struct wattle_record record;
    struct wattle_component *component;

    (void)state;
    sample_record(&record);
    record.energy.component_count = 0;
    component = sample_component(&record, "server", WATTLE_BOARD, "modelled", 120);
    component->quality = WATTLE_MODELLED;
    component->energy_j = sample_bound(120, 60, 240);
    component->samples = 0;
    record.energy.scope = WATTLE_SCOPE_WALL;
    record.energy.quality = WATTLE_MODELLED;
    record.energy.machine_j = component->energy_j;
    record.energy.wall_j = component->energy_j;
    record.energy.task_j = sample_bound(50, 10, 150);
    record.energy.idle_j = sample_bound(69, 40, 120);
    record.energy.other_j = sample_bound(1, 0, 3);
    record.energy.own_j = sample_bound(0, 0, 0.001);
    record.device_count = 0;
    record.emission.zone[0] = '\0';
    record.energy.note_count = 0;
    sample_note(&record, "power/energy-psys does not move on this machine: refused");
    sample_note(&record, "no powercap zone");
    sample_note(&record, "the CPU's TDP is not known: 15 W per core is assumed, which is a guess "
                         "that may be off by a factor of two");
    sample_note(&record, "a fourth");
    expect("modelled", &record, NULL);
    wattle_record_finish(&record);
}

static void a_counter_that_was_lost_for_a_while(void **state)
{
    struct wattle_record record;
    struct wattle_component *component;
    int i;

    (void)state;
    sample_record(&record);
    record.energy.wall_j.value = WATTLE_UNKNOWN;
    for (i = 0; i < 8; i++) {
        char name[16];

        snprintf(name, sizeof name, "gpu-%d", i);
        component = sample_component(&record, name, WATTLE_GPU, "nvml:power", 50000);
        component->quality = i == 3 ? WATTLE_GAP : WATTLE_INTEGRATED;
        component->gap_s = i == 3 ? 3.2 : 0;
        snprintf(component->device, sizeof component->device, "Some GPU");
    }
    record.energy.machine_j = sample_bound(400041.3, 380000, 420000);
    record.energy.task_j = sample_bound(390000, 370000, 410000);
    record.energy.quality = WATTLE_GAP;
    record.duration_s = 4000;
    record.utilization_gpu = 0.987;
    record.exit_status = 137;
    expect("gap", &record, NULL);
    wattle_record_finish(&record);
}

static void a_run_of_which_nothing_is_known(void **state)
{
    struct wattle_record record;

    (void)state;
    wattle_record_init(&record);
    expect("unknown", &record, NULL);
    snprintf(record.id, sizeof record.id, "abcdabcdabcdabcd");
    record.duration_s = 0.0012;
    record.energy.machine_j = sample_bound(0, 0, 0.000061);
    sample_component(&record, "package-0", WATTLE_CPU, "powercap:intel-rapl:0", 0)->energy_j =
        record.energy.machine_j;
    expect("zero", &record, NULL);
    wattle_record_finish(&record);
}

static void a_measured_wall_and_an_interrupted_run(void **state)
{
    const char *argv[] = {"sh", "-c", "echo \x1b[2J\nnext", "Zo\xc3\xab\xff", NULL};
    struct wattle_record record;
    struct wattle_component *component;

    (void)state;
    sample_record(&record);
    record_set_command(&record, argv);
    record.state = WATTLE_RUN_INTERRUPTED;
    record.exit_status = -1;
    record.energy.component_count = 0;
    component = sample_component(&record, "wall", WATTLE_BOARD, "ipmi:dcmi", 7200000);
    component->quality = WATTLE_INTEGRATED;
    record.energy.scope = WATTLE_SCOPE_WALL;
    record.energy.quality = WATTLE_INTEGRATED;
    record.energy.machine_j = component->energy_j;
    record.energy.task_j.value = WATTLE_UNKNOWN;
    record.energy.other_j.value = WATTLE_UNKNOWN;
    record.energy.idle_j.value = WATTLE_UNKNOWN;
    record.energy.wall_j.value = WATTLE_UNKNOWN;
    record.emission.of = WATTLE_OF_MACHINE;
    record.emission.co2e_g = sample_bound(1200, 1100, 1300);
    record.duration_s = 36000;
    expect("wall-interrupted", &record, NULL);
    wattle_record_finish(&record);
}

static void expect_energy(double value, double low, double high, const char *expected)
{
    const struct wattle_bound bound = {value, low, high};
    char number[48], interval[96], printed[200];
    const char *unit = lines_energy(&bound, number, sizeof number);

    lines_interval(&bound, interval, sizeof interval);
    snprintf(printed, sizeof printed, "%s %s (%s)", number, unit, interval);
    assert_string_equal(printed, expected);
}

static void digits_follow_the_interval(void **state)
{
    (void)state;
    expect_energy(41.3, 40.9, 41.7, "41.3 J (40.9-41.7)");
    expect_energy(162.71, 162.3, 163.1, "162.7 J (162.3-163.1)");
    expect_energy(1000.2, 1000.1, 1000.3, "1000.2 J (1000.1-1000.3)");
    expect_energy(5, 5, 5, "5.00 J ()");
    expect_energy(0, 0, 0, "0 J ()");
    expect_energy(0, 0, 0.002, "0 J (0-2.00 mJ)");
    expect_energy(0.06, 0, 3.16, "60.0 mJ (0-3.16 J)");
    expect_energy(0.06, 0.01, 3.16, "60.0 mJ (10.0 mJ-3.16 J)");
    expect_energy(7200000, 7128000, 7272000, "2.00 kWh (1.98-2.02)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_follow_the_interval),
        cmocka_unit_test(a_measured_run),
        cmocka_unit_test(a_plain_run_is_twelve_lines),
        cmocka_unit_test(a_virtual_machine_without_counters),
        cmocka_unit_test(a_counter_that_was_lost_for_a_while),
        cmocka_unit_test(a_run_of_which_nothing_is_known),
        cmocka_unit_test(a_measured_wall_and_an_interrupted_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
