/* SPDX-License-Identifier: MIT */
/* Every allocation of a meter's life fails once: nothing crashes, nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mill.h"

/* The linker sends the rooms' allocations here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);
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
char *__wrap_strdup(const char *s) { return fails() ? NULL : counted(__real_strdup(s)); }
void __wrap_free(void *p)
{
    alive -= p != NULL;
    __real_free(p);
}

/* A life with everything in it: refused channels, a slow driver, a memory file, a session. */
static void live(void)
{
    static const double watts[] = {100, 10, 0, 300, 300};
    static struct wattle_energy e;
    struct wattle_session *session;
    struct wattle_window window;
    struct wattle_meter *meter;
    struct mill mill;

    mill_init(&mill);
    mill.host.procfs = "/proc";
    mill_add(&mill, WATTLE_D_PACKAGE, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_DRAM, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_PLATFORM, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_ENERGY);
    mill_add(&mill, WATTLE_D_GPU, 0, WATTLE_Q_POWER);
    mill.channels[2].unusable = true;
    if (mill_open(&mill, &meter, "/nonexistent/folder/sensors.state") != 0) {
        return;
    }
    meter_join_slow(meter);
    if (wattle_session_start(&session, meter, NULL) == 0) {
        wattle_window_begin(meter, &window);
        mill_turn(&mill, meter, 1, watts);
        wattle_window_end(meter, &window);
        wattle_window_energy(meter, &window, &e, NULL);
        wattle_session_stop(session, &e, NULL);
        wattle_session_destroy(session);
    }
    wattle_meter_close(meter);
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
    long n;

    (void)state;
    for (n = 1; n < 500; n++) {
        alive = 0;
        until_failure = n;
        live();
        if (alive != 0) {
            fail_msg("failing allocation %ld leaves %ld behind", n, alive);
        }
        if (until_failure > 0) {
            break; /* a whole life with fewer allocations */
        }
    }
    assert_true(n > 20 && n < 500);
    until_failure = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
