/* SPDX-License-Identifier: MIT */
/*
 * A SQLite VFS that does everything through the default one, and fails the Nth of the operations
 * that can fail: writes, syncs, truncations, opens, deletions, shared memory. Seen in SQLite's
 * own src/test_vfs.c; written anew.
 */
#ifndef TESTS_RECORD_FAILING_VFS_H
#define TESTS_RECORD_FAILING_VFS_H

/* Registers it as "failing"; again is harmless. 0 on success. */
int failing_vfs_register(void);
/* The Nth operation from now fails, and with `forever` every one after it; 0: none. */
void failing_vfs_arm(int nth, int forever);
/* Operations since the last arming. */
int failing_vfs_count(void);
/* Did one fail since the last arming? */
int failing_vfs_failed(void);

#endif
