/* SPDX-License-Identifier: MIT */
#include "estimate/accelerator.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { WORDS_MAX = 12, WORD_SIZE = 24 };

static bool is_noise(const char *word)
{
    static const char *const noise[] = {"nvidia", "amd",    "intel", "google", "aws",
                                        "geforce", "tensor", "core",  "gpu",    "instinct",
                                        "graphics", "radeon", "hbm3", "hbm2",   "hbm2e",
                                        "hbm3e",  "quadro", "tesla", "cloud",  "apple"};
    size_t i;

    for (i = 0; i < sizeof noise / sizeof noise[0]; i++) {
        if (strcmp(word, noise[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Lower-case runs of letters and digits; "80 GB" and "80GB" become the one word "80gb". */
static int split(const char *name, char words[WORDS_MAX][WORD_SIZE])
{
    int count = 0;

    while (*name != '\0' && count < WORDS_MAX) {
        size_t used = 0;

        while (*name != '\0' && !isalnum((unsigned char)*name)) {
            name++;
        }
        while (isalnum((unsigned char)*name)) {
            if (used < WORD_SIZE - 1) {
                words[count][used++] = (char)tolower((unsigned char)*name);
            }
            name++;
        }
        words[count][used] = '\0';
        if (used > 0 && strcmp(words[count], "gb") == 0 && count > 0 &&
            isdigit((unsigned char)words[count - 1][0])) {
            snprintf(words[count - 1] + strlen(words[count - 1]),
                     WORD_SIZE - strlen(words[count - 1]), "gb");
        } else if (used > 0 && !is_noise(words[count])) {
            count++;
        }
    }
    return count;
}

/* How many of the wanted words the row has; -1 if it misses a word that must be there. */
static int match(const struct accelerator *row, char words[WORDS_MAX][WORD_SIZE], int count)
{
    char own[WORDS_MAX][WORD_SIZE];
    int own_count = split(row->device, own);
    int found = 0;
    int i, j;

    for (i = 0; i < count; i++) {
        bool here = false;

        for (j = 0; j < own_count; j++) {
            here = here || strcmp(words[i], own[j]) == 0;
        }
        /* Memory sizes and form factors refine; the model's own word decides, which follows its
         * family's where that has no number: an RTX 4080 is no other RTX. */
        if (!here && (i == 0 || (i == 1 && strpbrk(words[0], "0123456789") == NULL))) {
            return -1;
        }
        found += here ? 2 : 0;
    }
    /* "Jetson Nano" is that row and no Jetson Orin Nano. */
    return found + (found == 2 * own_count);
}

/* "RTX4090" and "TPUv5e": the same letters without the spaces. */
static bool match_joined(const struct accelerator *row, char words[WORDS_MAX][WORD_SIZE], int count)
{
    char own[WORDS_MAX][WORD_SIZE];
    char joined[2][WORDS_MAX * WORD_SIZE] = {"", ""};
    int own_count = split(row->device, own);
    int i;

    for (i = 0; i < count; i++) {
        strcat(joined[0], words[i]);
    }
    for (i = 0; i < own_count; i++) {
        strcat(joined[1], own[i]);
    }
    return strcmp(joined[0], joined[1]) == 0;
}

int accelerator_find(const char *name, const struct accelerator **ret, struct wattle_error *err)
{
    char words[WORDS_MAX][WORD_SIZE];
    int count = split(name, words);
    int best = 0;
    char near[160] = "";
    size_t used = 0;
    size_t i;

    *ret = NULL;
    for (i = 0; i < accelerator_count && count > 0; i++) {
        int found = match(&accelerators[i], words, count);

        if (found > best) {
            best = found;
            *ret = &accelerators[i];
        }
    }
    for (i = 0; i < accelerator_count && count > 0 && *ret == NULL; i++) {
        if (match_joined(&accelerators[i], words, count)) {
            *ret = &accelerators[i];
        }
    }
    if (*ret != NULL) {
        return 0;
    }
    for (i = 0; i < accelerator_count && used < sizeof near - 40; i++) {
        if (count > 0 && accelerators[i].device[0] != '\0' &&
            toupper((unsigned char)accelerators[i].device[0]) ==
                toupper((unsigned char)words[0][0])) {
            used += (size_t)snprintf(near + used, sizeof near - used, "%s%s", used ? ", " : "",
                                     accelerators[i].device);
        }
    }
    return error_set(err, WATTLE_E_NOENT,
                     "no accelerator \"%.60s\"%s%s; `wattle accelerators` lists them", name,
                     used ? "; near: " : "", near);
}

struct wattle_bound accelerator_power(const struct accelerator *accelerator, double busy)
{
    struct wattle_bound power;
    double share = isnan(busy) ? 1 : fmax(0, fmin(1, busy));

    if (isnan(accelerator->tdp_w)) {
        double low = accelerator->power_low_w;
        double high = accelerator->power_high_w;

        if (isnan(low)) {
            /* Dense bf16 per watt of the accelerators in the table that do publish: about
             * 0.6 (2019) to 2.8 TFLOP/s per W (2025). */
            double tflops = !isnan(accelerator->bf16_tflops) ? accelerator->bf16_tflops
                                                             : accelerator->int8_tops / 2;

            low = tflops / 2.8;
            high = tflops / 0.6;
        }
        power.low = low * (0.1 + 0.9 * share);
        power.high = high * (0.1 + 0.9 * share);
        power.value = sqrt(power.low * power.high);
        return power;
    }
    power.value = accelerator->tdp_w * (0.10 + (0.70 - 0.10) * share);
    power.low = accelerator->tdp_w * (0.06 + (0.42 - 0.06) * share);
    power.high = accelerator->tdp_w * (0.20 + (0.96 - 0.20) * share);
    return power;
}

double precision_bytes(const char *precision)
{
    static const struct {
        const char *name;
        double bytes;
    } table[] = {{"fp64", 8}, {"fp32", 4}, {"tf32", 4}, {"fp16", 2},     {"bf16", 2},
                 {"float32", 4}, {"float16", 2}, {"bfloat16", 2}, {"fp8", 1}, {"int8", 1},
                 {"int4", 0.5}, {"fp4", 0.5}, {"mxfp4", 4.25 / 8}, {"int2", 0.25}};
    size_t i;

    for (i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(precision, table[i].name) == 0) {
            return table[i].bytes;
        }
    }
    return NAN;
}

double accelerator_peak(const struct accelerator *accelerator, const char *precision,
                        const char **ret_assumption)
{
    double bf16 = accelerator->bf16_tflops * 1e12;
    double int8 = accelerator->int8_tops * 1e12;
    double bytes = precision_bytes(precision);

    *ret_assumption = NULL;
    if (isnan(bytes)) {
        return NAN;
    }
    if (isnan(bf16)) {
        *ret_assumption = "no bf16 peak published: half of the int8 peak";
        bf16 = int8 / 2;
    }
    if (isnan(int8)) {
        int8 = bf16 * 2;
        if (bytes <= 1) {
            *ret_assumption = "no int8 peak published: twice the bf16 peak";
        }
    }
    if (bytes >= 4) {
        *ret_assumption = "32-bit at half of the 16-bit peak (TF32 and its like)";
        return bf16 / 2 * (4 / bytes);
    }
    /* Four-bit weights are unpacked before they are multiplied: the 8-bit or 16-bit units work. */
    if (bytes < 1) {
        *ret_assumption = "weights under 8 bits are computed at 16 bits";
        return bf16;
    }
    return bytes == 1 ? int8 : bf16;
}
