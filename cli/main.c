/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <wattle/wattle.h>

int main(void)
{
    printf("wattle %s\n", wattle_version());
    return 0;
}
