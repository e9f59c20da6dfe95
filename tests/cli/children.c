/* SPDX-License-Identifier: MIT */
/* children N: N short-lived processes, every second one an orphan's child. Ends with status 6. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0, i;

    for (i = 0; i < count; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            if (i % 2 == 0 && fork() == 0) {
                _exit(0); /* born to a parent that is about to go */
            }
            _exit(0);
        }
        if (pid < 0) {
            return 1;
        }
        while (waitpid(pid, NULL, 0) < 0) {
        }
    }
    return 6;
}
