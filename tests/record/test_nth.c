/* SPDX-License-Identifier: MIT */
/* The Nth file operation or allocation fails, for every N. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <jansson.h>

#include "failing_vfs.h"
#include "stored.h"

/* ---- the Nth operation fails --------------------------------------------------------------- */

static void whatever_operation_fails_the_store_stays_sound(void **state)
{
    const struct folder *folder = *state;
    const struct store_setup setup = {.vfs = "failing", .busy_ms = 1};
    int nth, forever;

    assert_int_equal(failing_vfs_register(), 0);
    for (forever = 0; forever <= 1; forever++) {
        for (nth = 1; nth < 400; nth++) {
            struct store *store = NULL;
            char id[32];
            int before, code;

            if (nth == 1) {
                make_store(folder, 1);
            }
            before = count_runs(folder->store);
            snprintf(id, sizeof id, "run-%d-%d", forever, nth);
            failing_vfs_arm(nth, forever);
            code = store_open_with(&store, folder->store, STORE_NO_COLLECT, &setup, NULL);
            if (code >= 0) {
                code = put_id(store, id, NULL);
            }
            store_close(store);
            if (failing_vfs_failed() == 0) {
                assert_int_equal(code, 0);
                break; /* there is no Nth operation */
            }
            failing_vfs_arm(0, 0);
            assert_int_not_equal(code, STORE_MOVED_ASIDE);
            assert_true(is_sound(folder->store));
            /* A put that says it is kept is kept; one that failed may be there or not. */
            assert_in_range(count_runs(folder->store), before + (code == 0), before + 1);
        }
        assert_true(nth > 10 && nth < 400);
    }
}

/* ---- memory ends ---------------------------------------------------------------------------- */

static int memory_left = -1; /* allocations until one fails; -1: none does */

static bool out_of_memory(void)
{
    return memory_left > 0 && --memory_left == 0;
}

/* The linker sends this program's own calls here (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size) { return out_of_memory() ? NULL : __real_malloc(size); }

void *__wrap_calloc(size_t count, size_t size)
{
    return out_of_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return out_of_memory() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text) { return out_of_memory() ? NULL : __real_strdup(text); }

/* Jansson and SQLite are shared libraries and take theirs by a hook. */
static void *library_malloc(size_t size) { return out_of_memory() ? NULL : __real_malloc(size); }

static sqlite3_mem_methods sqlite_memory;
static void *(*sqlite_real_malloc)(int size);
static void *(*sqlite_real_realloc)(void *old, int size);

static void *sqlite_malloc(int size) { return out_of_memory() ? NULL : sqlite_real_malloc(size); }

static void *sqlite_realloc(void *old, int size)
{
    return out_of_memory() ? NULL : sqlite_real_realloc(old, size);
}

static void hook_libraries(void)
{
    json_set_alloc_funcs(library_malloc, free);
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
    sqlite_real_malloc = sqlite_memory.xMalloc;
    sqlite_real_realloc = sqlite_memory.xRealloc;
    sqlite_memory.xMalloc = sqlite_malloc;
    sqlite_memory.xRealloc = sqlite_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &sqlite_memory);
}

static void memory_may_end_anywhere(void **state)
{
    const struct folder *folder = *state;
    struct wattle_record record, again;
    int nth;

    make_store(folder, 1);
    sample_record(&record);
    for (nth = 1; nth < 3000; nth += nth < 60 ? 1 : 7) {
        struct spool *spool = NULL;
        struct store *store = NULL;
        int spooled, code;

        wattle_record_init(&again);
        memory_left = nth;
        spooled = spool_open(&spool, folder->store, record.id, NULL);
        if (spooled == 0) {
            spooled = spool_write(spool, &record, NULL);
        }
        code = store_open(&store, folder->store, STORE_NO_COLLECT, NULL);
        if (code == 0) {
            code = store_put(store, &record, NULL);
        }
        if (code == 0) {
            code = store_get(store, record.id, &again, NULL);
        }
        spool_close(spool, code == 0);
        store_close(store);
        wattle_record_finish(&again);
        if (memory_left > 0) {
            break; /* all of it needs fewer */
        }
        memory_left = -1;
        assert_int_not_equal(code, STORE_MOVED_ASIDE);
        (void)spooled;
    }
    memory_left = -1;
    assert_true(nth > 50 && nth < 3000);
    assert_true(is_sound(folder->store));
    assert_int_equal(count_runs(folder->store), 2);
    wattle_record_finish(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(whatever_operation_fails_the_store_stays_sound),
        in_folder(memory_may_end_anywhere),
    };

    hook_libraries();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
