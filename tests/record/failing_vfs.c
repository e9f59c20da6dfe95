/* SPDX-License-Identifier: MIT */
#include "failing_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

struct failing_file {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
};

static sqlite3_vfs vfs;
static sqlite3_vfs *real_vfs;
static int countdown;
static bool is_forever;
static int operations;
static int failures;

static bool fails(void)
{
    operations++;
    if (countdown > 0 && --countdown == 0) {
        countdown = is_forever ? 1 : 0;
        failures++;
        return true;
    }
    return false;
}

static sqlite3_file *real(sqlite3_file *file) { return ((struct failing_file *)file)->real; }

static int close_file(sqlite3_file *file)
{
    return real(file)->pMethods != NULL ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
}

static int read_file(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    return fails() ? SQLITE_IOERR_READ
                   : real(file)->pMethods->xRead(real(file), data, size, offset);
}

/* Half of it arrives: what a full disk or a pulled plug does. */
static int write_file(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    if (fails()) {
        if (size > 1) {
            real(file)->pMethods->xWrite(real(file), data, size / 2, offset);
        }
        return SQLITE_FULL;
    }
    return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real(file)->pMethods->xTruncate(real(file), size);
}

static int sync_file(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real(file)->pMethods->xSync(real(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return fails() ? SQLITE_IOERR_FSTAT : real(file)->pMethods->xFileSize(real(file), size);
}

static int lock_file(sqlite3_file *file, int level)
{
    return fails() ? SQLITE_IOERR_LOCK : real(file)->pMethods->xLock(real(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int check_lock(sqlite3_file *file, int *result)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

static int control(sqlite3_file *file, int op, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int sector_size(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int characteristics(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
    return fails() ? SQLITE_IOERR_SHMMAP
                   : real(file)->pMethods->xShmMap(real(file), page, size, extend, ret);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    /* Unlocking does not fail. */
    return (flags & SQLITE_SHM_LOCK) != 0 && fails()
               ? SQLITE_IOERR_SHMLOCK
               : real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}

static void shm_barrier(sqlite3_file *file) { real(file)->pMethods->xShmBarrier(real(file)); }

static int shm_unmap(sqlite3_file *file, int delete_flag)
{
    return real(file)->pMethods->xShmUnmap(real(file), delete_flag);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static int open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    struct failing_file *failing = (struct failing_file *)file;
    int rc;

    (void)self;
    memset(failing, 0, sizeof *failing);
    failing->real = (sqlite3_file *)(failing + 1);
    if (fails()) {
        return SQLITE_CANTOPEN;
    }
    rc = real_vfs->xOpen(real_vfs, name, failing->real, flags, ret_flags);
    if (failing->real->pMethods != NULL) {
        failing->base.pMethods = &methods;
    }
    return rc;
}

static int delete_file(sqlite3_vfs *self, const char *name, int sync)
{
    (void)self;
    return fails() ? SQLITE_IOERR_DELETE : real_vfs->xDelete(real_vfs, name, sync);
}

int failing_vfs_register(void)
{
    if (real_vfs != NULL) {
        return 0;
    }
    real_vfs = sqlite3_vfs_find(NULL);
    if (real_vfs == NULL) {
        return -1;
    }
    vfs = *real_vfs;
    vfs.zName = "failing";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct failing_file) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ? 0 : -1;
}

void failing_vfs_arm(int nth, int forever)
{
    countdown = nth;
    is_forever = forever != 0;
    operations = 0;
    failures = 0;
}

int failing_vfs_count(void) { return operations; }
int failing_vfs_failed(void) { return failures; }
