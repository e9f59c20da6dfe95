/* SPDX-License-Identifier: MIT */
/* An estimate as text and as JSON. */
#include "cli/estimate.h"

#include <math.h>
#include <stdio.h>

#include "base/units.h"
#include "cli/output.h"

static json_t *coefficients_json(const struct estimate_result *result)
{
    json_t *array = json_array();
    size_t i;

    for (i = 0; i < result->coefficient_count; i++) {
        const struct estimate_coefficient *c = &result->coefficients[i];
        json_t *object = json_object();

        output_text(object, "name", c->name);
        output_number(object, "value", c->value);
        output_number(object, "low", c->low);
        output_number(object, "high", c->high);
        output_text(object, "unit", c->unit);
        output_text(object, "source", c->source);
        json_array_append_new(array, object);
    }
    return array;
}

static void add_price(json_t *object, const struct estimate_price *price)
{
    if (!isnan(price->co2e_g)) {
        json_t *emissions = json_object();

        output_number(emissions, "co2e_g", price->co2e_g);
        output_number(emissions, "intensity_g_kwh", price->intensity_g_kwh);
        json_object_set_new(emissions, "year", json_integer(price->year));
        json_object_set_new(object, "emissions", emissions);
    }
    if (price->price != NULL) {
        json_t *cost = json_object();

        output_number(cost, "amount", price->amount);
        output_text(cost, "currency", price->price->currency);
        output_text(cost, "tariff", price->price->sector);
        output_text(cost, "source", price->price->source);
        json_object_set_new(object, "cost", cost);
    }
}

json_t *estimate_result_json(const struct estimate_result *result,
                             const struct estimate_price *price, bool explain)
{
    json_t *object = json_object();
    json_t *breakdown = json_object();
    json_t *per_unit = json_object();
    json_t *assumptions = json_array();
    size_t i;

    output_number(object, "energy_j", result->energy_j.value);
    output_number(object, "low_j", result->energy_j.low);
    output_number(object, "high_j", result->energy_j.high);
    output_number(object, "duration_s", result->duration_s);
    output_number(breakdown, "compute_j", result->breakdown.compute_j);
    output_number(breakdown, "memory_j", result->breakdown.memory_j);
    output_number(breakdown, "network_j", result->breakdown.network_j);
    output_number(breakdown, "storage_j", result->breakdown.storage_j);
    output_number(breakdown, "cooling_j", result->breakdown.cooling_j);
    output_number(breakdown, "overhead_j", result->breakdown.overhead_j);
    json_object_set_new(object, "breakdown", breakdown);
    output_text(per_unit, "unit", result->unit);
    output_number(per_unit, "count", result->units);
    output_number(per_unit, "energy_j", result->per_unit_j);
    json_object_set_new(object, "per_unit", per_unit);
    output_number(object, "floor_j", result->floor_j);
    add_price(object, price);
    for (i = 0; i < result->assumption_count; i++) {
        json_array_append_new(assumptions, json_string(result->assumptions[i]));
    }
    json_object_set_new(object, "assumptions", assumptions);
    if (explain) {
        json_object_set_new(object, "coefficients", coefficients_json(result));
    }
    return object;
}

static void print_part(const char *name, double joules, double total)
{
    char text[32];

    if (joules != 0) {
        printf("  %-10s %10s  %5.1f %%\n", name, units_energy(joules, text, sizeof text),
               100 * joules / total);
    }
}

static void print_coefficients(const struct estimate_result *result)
{
    size_t i;

    printf("\ncoefficients\n");
    for (i = 0; i < result->coefficient_count; i++) {
        const struct estimate_coefficient *c = &result->coefficients[i];

        printf("  %-30s %-10.4g", c->name, c->value);
        if (!isnan(c->low)) {
            printf(" (%.4g to %.4g)", c->low, c->high);
        }
        printf(" %s%s%s\n", c->unit, c->unit[0] != '\0' ? "; " : "", c->source);
    }
}

void estimate_result_print(const struct estimate_result *result,
                           const struct estimate_price *price, bool explain)
{
    double total = result->energy_j.value;
    char value[32], low[32], high[32];
    size_t i;

    printf("%s (90 %%: %s to %s), estimated\n", units_energy(total, value, sizeof value),
           units_energy(result->energy_j.low, low, sizeof low),
           units_energy(result->energy_j.high, high, sizeof high));
    if (!isnan(result->duration_s)) {
        printf("  %-10s %10s\n", "time", units_duration(result->duration_s, value, sizeof value));
    }
    if (!isnan(result->per_unit_j)) {
        printf("  %-10s %10s  for each of %.4g %ss\n", "per unit",
               units_energy(result->per_unit_j, value, sizeof value), result->units, result->unit);
    }
    print_part("compute", result->breakdown.compute_j, total);
    print_part("memory", result->breakdown.memory_j, total);
    print_part("network", result->breakdown.network_j, total);
    print_part("storage", result->breakdown.storage_j, total);
    print_part("host", result->breakdown.overhead_j, total);
    print_part("cooling", result->breakdown.cooling_j, total);
    if (!isnan(price->co2e_g)) {
        printf("  %-10s %10s  at %.0f g/kWh (%d)\n", "CO2e",
               units_mass(price->co2e_g, value, sizeof value), price->intensity_g_kwh, price->year);
    }
    if (price->price != NULL) {
        printf("  %-10s %6.4g %s  %s, %s\n", "cost", price->amount, price->price->currency,
               price->price->sector, price->price->source);
    }
    if (!isnan(result->floor_j)) {
        printf("  %-10s %10s  for the arithmetic alone in 7 nm: the lower bound\n", "floor",
               units_energy(result->floor_j, value, sizeof value));
    }
    for (i = 0; i < result->assumption_count; i++) {
        printf("%s%s\n", i == 0 ? "\nassumed\n  " : "  ", result->assumptions[i]);
    }
    if (explain) {
        print_coefficients(result);
    }
}
