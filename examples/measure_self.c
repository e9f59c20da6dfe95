/* SPDX-License-Identifier: MIT */
/* Measures a few lines of its own: cc measure_self.c $(pkg-config --cflags --libs wattle) */
#include <stdio.h>
#include <wattle/wattle.h>

static double work(void)
{
    double sum = 0;

    for (int i = 1; i < 300000000; i++) {
        sum += 1.0 / i;
    }
    return sum;
}

int main(void)
{
    static struct wattle_energy energy;
    struct wattle_error err;
    struct wattle_meter *meter;
    struct wattle_session *session;

    if (wattle_meter_open(&meter, NULL, &err) != 0 ||
        wattle_session_start(&session, meter, &err) != 0) {
        fprintf(stderr, "measure_self: %s\n", err.text);
        return 1;
    }
    printf("work: %f\n", work());
    wattle_session_stop(session, &energy, &err);
    printf("machine: %.3f J (%.3f-%.3f) in %.2f s\n", energy.machine_j.value, energy.machine_j.low,
           energy.machine_j.high, energy.duration_s);
    for (size_t i = 0; i < energy.note_count; i++) {
        printf("note: %s\n", energy.notes[i]);
    }
    wattle_session_destroy(session);
    wattle_meter_close(meter);
    return 0;
}
