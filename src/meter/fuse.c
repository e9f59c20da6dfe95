/* SPDX-License-Identifier: MIT */
#include "meter/fuse.h"

#include <math.h>

/* Over so long counter and power agreed to 0.0 % (NVML, one board, 2026). */
#define LONG_S 5.0
/* Gain of the power against the counter is good to so much afterwards. */
#define GAIN_ERROR 0.01
/* Farther apart than this, one of them is wrong and neither corrects the other. */
#define GAIN_MAX 1.5

void fuse(const struct fuse_input *input, struct fuse_output *ret)
{
    double gain = 1;
    double gain_error = input->power_error > 0 ? input->power_error : 0.05;
    double counter_half_j = input->counter_edge_j + input->step_s * input->power_change_w;
    double power_half_j, weight;

    ret->disagree = false;
    if (input->life_s >= LONG_S && input->life_power_j > 0) {
        double ratio = input->life_counter_j / input->life_power_j;

        if (ratio > 1 / GAIN_MAX && ratio < GAIN_MAX) {
            gain = ratio;
            gain_error = hypot(GAIN_ERROR, input->counter_edge_j / input->life_counter_j);
        } else {
            ret->disagree = true;
        }
    }
    power_half_j = hypot(gain_error * gain * input->power_j, gain * input->power_half_j);
    if (ret->disagree || counter_half_j <= 0) {
        weight = 1;
    } else {
        weight = power_half_j * power_half_j /
                 (power_half_j * power_half_j + counter_half_j * counter_half_j);
    }
    ret->counter_weight = weight;
    ret->energy_j = weight * input->counter_j + (1 - weight) * gain * input->power_j;
    ret->half_j = hypot(weight * counter_half_j, (1 - weight) * power_half_j);
}
