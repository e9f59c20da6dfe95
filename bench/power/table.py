# SPDX-License-Identifier: MIT
"""Writes what was learned, and the facts it needs, as C tables."""

import math
import re

import names
import numpy as np

from model import LINEAR, SCALE, SMOOTH, is_amd

HEAD = """/* SPDX-License-Identifier: MIT */
/* Written by bench/power_model; do not edit. {about} */
#include "estimate/server_table.h"

"""


def floats(values, digits=4):
    text = []
    for value in values:
        word = f"{value:.{digits}f}".rstrip("0").rstrip(".")
        text.append("0" if word in ("-0", "") else word)
    return ", ".join(text)


def wrap(items, per_line, indent="    "):
    lines = []
    for i in range(0, len(items), per_line):
        lines.append(indent + " ".join(item + "," for item in items[i:i + per_line]))
    return "\n".join(lines) + "\n"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def model_table(fit):
    coefficients = [t["model"].coefficients(t["hypers"]) for t in fit.targets]
    march_sd = [fit.march_sd(t) for t in fit.targets]
    cpu_sd = [fit.cpu_sd(t) for t in fit.targets]
    f = fit.f
    out = HEAD.format(about="Fitted to SPECpower_ssj2008 results published at spec.org\n"
                      " * (no result is repeated here); the derivation is not SPEC's. "
                      "docs/estimation.md explains each part.")
    out += "const struct server_model server_models[2] = {\n"
    for t, c in zip(fit.targets, coefficients):
        h = c["hypers"]
        out += f"    /* ln {t['name']} power in W */\n    {{\n"
        out += f"        .constant = {c['constant']:.5f},\n"
        out += f"        .linear = {{{floats(c['linear'], 5)}}}, /* {', '.join(LINEAR)} */\n"
        out += ("        .length = {" + floats([h["l_" + key] for key in SMOOTH], 5)
                + f"}}, /* {', '.join(SMOOTH)} */\n")
        out += f"        .smooth_sd = {h['smooth']:.4f},\n        .weight = {{\n"
        out += wrap([f"{w:.4f}" for w in c["smooth"]], 9, " " * 12) + "        },\n    },\n"
    out += "};\n\n"
    out += "const struct server_scale server_scales[SERVER_SMOOTH] = {\n"
    for key in SMOOTH:
        out += f"    {{{SCALE[key][0]}, {SCALE[key][1]}}}, /* {key} */\n"
    out += "};\n\n/* Points of the smooth part, in scaled " + ", ".join(SMOOTH) + ". */\n"
    out += f"const float server_centres[SERVER_CENTRES][SERVER_SMOOTH] = {{\n"
    out += wrap(["{" + floats(point, 2) + "}" for point in fit.centres], 3) + "};\n\n"
    out += ("/* Offsets of ln idle and ln full power, standard deviations for a CPU model that "
            "was\n"
            " * never measured, how many were, and the curve at loads 0.1 .. 0.9. */\n"
            "const struct server_march server_marches[] = {\n")
    for march in fit.marches.marches:
        name, family = march["name"], march["family"]
        era = model_era(march)
        offsets = [c["march"].get(name, 0) + c["family"].get(family, 0) + c["era"].get(era, 0)
                   for c in coefficients]
        count = len(np.unique(f.group[f.march == name]))
        shape = fit.shapes.of(name, family, era)
        out += (f"    {{{quoted(name)}, {quoted(family)}, {march['year']}, {march['cores']}, "
                f"{march['tdp']:.0f}, {str(march['kind'] == 'client').lower()}, "
                f"{str(is_amd(family)).lower()}, {count},\n"
                f"     {{{floats(offsets)}}}, {{{floats([s[name] for s in march_sd], 3)}}},\n"
                f"     {{{floats(shape[1:10], 3)}}}}},\n")
    out += ("};\nconst size_t server_march_count = "
            "sizeof server_marches / sizeof server_marches[0];\n")
    out += ("\n/* CPU models that were measured: offsets, standard deviations for another machine "
            "with it,\n * cores per socket. Sorted. */\n"
            "const struct server_cpu server_cpus[] = {\n")
    items = []
    for group in sorted(np.unique(f.group), key=lambda text: text.encode()):
        if group == "xeon":         # three of 2004-05; today a hypervisor's word for anything
            continue
        first = fit.servers[int(np.where(f.group == group)[0][0])]
        offsets = floats([c["cpu"][group] for c in coefficients], 3)
        items.append(f"{{{quoted(group)}, {{{offsets}}}, "
                     f"{{{floats([s[group] for s in cpu_sd], 3)}}}, "
                     f"{first.cores // first.sockets}}}")
    out += wrap(items, 1)
    out += "};\nconst size_t server_cpu_count = sizeof server_cpus / sizeof server_cpus[0];\n"
    return out


def model_era(march):
    from model import era_of
    return era_of(march)


def march_table(marches):
    out = HEAD.format(about="Source: data/microarchitectures.txt.")
    index = {march["name"]: i for i, march in enumerate(marches.marches)}
    out += "/* First match wins. */\nconst struct march_pattern march_patterns[] = {\n"
    out += wrap([f"{{{quoted(pattern)}, {index[march]}}}" for pattern, march in marches.names], 3)
    out += ("};\nconst size_t march_pattern_count = sizeof march_patterns / "
            "sizeof march_patterns[0];\n\nconst struct march_x86 march_x86s[] = {\n")
    out += wrap([f"{{{quoted(vendor)}, {family}, {low}, {high}, {index[march]}}}"
                 for vendor, family, low, high, march in marches.x86], 2)
    out += "};\nconst size_t march_x86_count = sizeof march_x86s / sizeof march_x86s[0];\n"
    return out


def tdp_table(tdp, marches):
    out = HEAD.format(about="Thermal design power per socket as the makers publish it,\n"
                      " * by way of CodeCarbon's cpu_power.csv (MIT) and "
                      "data/microarchitectures.txt.")
    items = []
    for name in sorted(tdp, key=lambda text: text.encode()):
        if marches.of(name) and len(name) < 30:
            items.append(f"{{{quoted(name)}, {math.floor(tdp[name] * 10 + 0.5)}}}")
    out += ("/* Cleaned name, tenths of a watt. Sorted. */\n"
            "const struct tdp_entry tdp_entries[] = {\n")
    out += wrap(items, 3)
    out += "};\nconst size_t tdp_entry_count = sizeof tdp_entries / sizeof tdp_entries[0];\n"
    return out


def write(fit, tdp, folder):
    for name, text in (("server_table.c", model_table(fit)),
                       ("march_table.c", march_table(fit.marches)),
                       ("tdp_table.c", tdp_table(tdp, fit.marches))):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
