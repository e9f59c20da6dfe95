# SPDX-License-Identifier: MIT
"""Processor names: the same cleaning and matching as src/estimate/cpu_name.c."""

import re
from functools import lru_cache

DROP_WORDS = {
    "intel", "amd", "genuine", "processor", "cpu", "quad-core", "six-core", "dual-core",
    "eight-core", "twelve-core", "multi-core", "gen", "0",
}


def clean(name):
    """Lower case, no maker, no marks, no clock, no remarks; single spaces."""
    text = name.lower()
    text = re.sub(r"\((r|tm)\)", " ", text)
    text = re.sub(r"\([^)]*(ghz|turbo)[^)]*\)", " ", text)    # "(2.30GHz)", "(... Turbo ...)"
    text = re.split(r"[@,\[]", text)[0]
    text = re.sub(r"[()]|[^\x21-\x7e]", " ", text)
    words = []
    for word in text.split():
        if word in ("with", "w/"):
            break                                              # "with Radeon Graphics"
        if word in DROP_WORDS or re.fullmatch(r"\d+(-core|th)", word):
            continue
        if re.fullmatch(r"\d+\.?\d*ghz", word):
            continue
        if word == "ghz":
            if words and re.fullmatch(r"\d+\.\d*", words[-1]):
                words.pop()
            continue
        match = re.fullmatch(r"(e\d-\d{4}l?)(v\d)", word)      # "E3-1265LV2"
        if match:
            words += [match.group(1), match.group(2)]
            continue
        words.append(word)
    if len(words) > 2 and words[1] == "e" and words[2].startswith("e-"):
        del words[1]                                           # "Xeon E E-2488"
    if words and re.fullmatch(r"([xle]\d{4}|e\d-\d{4}l?)", words[0]):
        words.insert(0, "xeon")                                # "Intel X3350"
    return " ".join(words)


@lru_cache(maxsize=None)
def glob_regex(pattern):
    out = ""
    in_set = False
    for char in pattern:
        if in_set:
            out += char
            in_set = char != "]"
        elif char == "[":
            out += "["
            in_set = True
        elif char == "#":
            out += "[0-9]"
        elif char == "?":
            out += "."
        elif char == "*":
            out += ".*"
        else:
            out += re.escape(char)
    return re.compile(out)


class Marches:
    """data/microarchitectures.txt."""

    def __init__(self, path):
        self.marches, self.names, self.x86, self.tdp = [], [], [], {}
        with open(path, encoding="utf-8") as file:
            for line in file:
                line = line.rstrip("\n")
                if line.startswith("march "):
                    name, family, year, cores, tdp, kind = [
                        part.strip() for part in line[6:].split("|")]
                    self.marches.append(dict(name=name, family=family, year=int(year),
                                             cores=int(cores), tdp=float(tdp), kind=kind))
                elif line.startswith("name "):
                    pattern, march = line[5:].rsplit(" = ", 1)
                    self.names.append((pattern.strip(), march.strip()))
                elif line.startswith("x86 "):
                    numbers, march = line[4:].split(" = ")
                    vendor, family, low, high = numbers.split()
                    self.x86.append((vendor, int(family), int(low), int(high), march.strip()))
                elif line.startswith("tdp "):
                    name, watts = line[4:].rsplit(" = ", 1)
                    self.tdp[name.strip()] = float(watts)
        self.by_name = {march["name"]: march for march in self.marches}
        for _, march in self.names:
            assert march in self.by_name, march
        for entry in self.x86:
            assert entry[4] in self.by_name, entry

    def of(self, cleaned):
        for pattern, march in self.names:
            if glob_regex(pattern).fullmatch(cleaned):
                return march
        return ""


def without_tier(cleaned):
    return re.sub(r"^xeon (platinum|gold|silver|bronze) ", "xeon ", cleaned)


def group(cleaned):
    """One CPU model: variants of the same part for more memory (L, M) are not another CPU."""
    name = without_tier(cleaned)
    name = re.sub(r"^(xeon 8\d{3}h?)[lm]$", r"\1", name)
    return re.sub(r"^(epyc 7702)p$", r"\1", name)
