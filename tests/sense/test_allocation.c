/* SPDX-License-Identifier: MIT */
/* Every allocation of finding, opening and reading all drivers fails once: nothing crashes,
 * nothing is left behind, and only running out of memory is an error. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tree.h"

/* The linker sends the rooms' allocations here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static long alive, until_failure = -1;

static bool fails(void) { return until_failure > 0 && --until_failure == 0; }

static void *counted(void *p)
{
    alive += p != NULL;
    return p;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : counted(__real_malloc(size)); }
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(n, size));
}
void *__wrap_realloc(void *p, size_t size)
{
    void *grown = fails() ? NULL : __real_realloc(p, size);

    alive += p == NULL && grown != NULL;
    return grown;
}
void __wrap_free(void *p)
{
    alive -= p != NULL;
    __real_free(p);
}

static void fill(struct tree *tree, char *recording, size_t size)
{
    char path[64], name[16];
    int i;

    tree_begin(tree);
    for (i = 0; i < 20; i++) {
        snprintf(path, sizeof path, "class/powercap/intel-rapl:%d", i);
        snprintf(name, sizeof name, "package-%d", i);
        tree_zone(tree, path, name, 5);
    }
    tree_write(tree, "class/hwmon/hwmon0/name", "ina226");
    tree_write(tree, "class/hwmon/hwmon0/power1_input", "1000000");
    tree_write(tree, "class/power_supply/BAT0/type", "Battery");
    tree_write(tree, "class/power_supply/BAT0/status", "Discharging");
    tree_write(tree, "class/power_supply/BAT0/power_now", "9000000");
    tree_write(tree, "rec.csv", "t_s,dram-1_j,cpu_c\n0,1,40\n4,9,44");
    snprintf(recording, size, "%s/rec.csv", tree->root);
    tree->host.replay = recording;
    tree->host.nvml = "none";
}

static void open_and_read(const struct wattle_sensor_driver *driver, const struct tree *tree,
                          const struct wattle_channel_list *list)
{
    static struct wattle_channel own[256];
    static struct wattle_reading readings[256];
    size_t count = 0;
    void *device;
    size_t i;

    for (i = 0; i < list->count && count < 256; i++) {
        if (list->items[i].usable && strcmp(list->items[i].driver, driver->name) == 0) {
            own[count++] = list->items[i];
        }
    }
    if (count > 0 && driver->open(&tree->host, own, count, &device, NULL) == 0) {
        (void)driver->read(device, readings);
        driver->close(device);
    }
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
    static const char all[] =
        "perf,powercap,msr,nvml,amdgpu,intel_gpu,hwmon,acpi_power,battery,modelled,replay,null";
    char recording[200];
    struct tree tree;
    bool failed = true;
    long n;
    size_t i;

    (void)state;
    fill(&tree, recording, sizeof recording);
    for (n = 1; failed && n < 2000; n++) {
        struct wattle_channel_list list = {0};
        struct wattle_error err = {0};
        long before = alive;
        int code;

        until_failure = n;
        code = sense_probe(&tree.host, all, SENSE_QUICK | SENSE_SLOW, &list, &err);
        assert_true(code == 0 || (code == WATTLE_E_NOMEM && err.code == code));
        for (i = 0; i < sense_driver_count; i++) {
            open_and_read(sense_drivers[i], &tree, &list);
        }
        channel_list_finish(&list);
        failed = until_failure == 0;
        until_failure = -1;
        assert_int_equal(alive, before);
    }
    assert_true(n > 10);
    assert_false(failed);
    tree_end(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
