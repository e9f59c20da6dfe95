#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`wattle estimate` and `wattle accelerators` as a user meets them: estimate.py WATTLE"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

WATTLE = os.path.abspath(sys.argv.pop(1))


def run(*args, status=0):
    with tempfile.TemporaryDirectory() as home:
        env = {"PATH": os.environ["PATH"], "HOME": home}
        done = subprocess.run([WATTLE, *args], capture_output=True, text=True, env=env, cwd=home)
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    return done


def estimate(*args):
    return json.loads(run("estimate", *args, "--json").stdout)


class Train(unittest.TestCase):
    QUERY = ["train", "--accelerator", "A100 80GB", "--parameters", "7B", "--tokens", "1T"]

    def test_the_parts_add_up_and_the_interval_holds_the_value(self):
        r = estimate(*self.QUERY)
        self.assertAlmostEqual(sum(r["breakdown"].values()) / r["energy_j"], 1, places=9)
        self.assertEqual(set(r["breakdown"]), {"compute_j", "memory_j", "network_j", "storage_j",
                                               "cooling_j", "overhead_j"})
        self.assertTrue(r["low_j"] < r["energy_j"] < r["high_j"])
        self.assertEqual(r["per_unit"]["unit"], "token")
        self.assertTrue(r["assumptions"])
        self.assertNotIn("emissions", r)
        self.assertNotIn("cost", r)

    def test_a_zone_adds_emissions_and_cost_with_their_sources(self):
        r = estimate(*self.QUERY, "--zone", "FR")
        self.assertEqual(r["cost"]["currency"], "EUR")
        self.assertTrue(r["cost"]["source"])
        self.assertAlmostEqual(r["emissions"]["co2e_g"] / (r["energy_j"] / 3.6e6)
                               / r["emissions"]["intensity_g_kwh"], 1, places=6)
        self.assertTrue(r["emissions"]["year"] >= 2020)

    def test_explain_lists_every_coefficient_with_its_source(self):
        r = estimate(*self.QUERY, "--explain")
        names = {c["name"] for c in r["coefficients"]}
        self.assertTrue({"mfu", "peak_flops", "pue", "host_share"} <= names)
        self.assertTrue(all(c["source"] for c in r["coefficients"]))
        self.assertIn("coefficients", run("estimate", *self.QUERY, "--explain").stdout)

    def test_published_efficiency_gives_the_published_energy(self):
        # GPT-3, Patterson et al. 2021: 1287 MWh.
        r = estimate("train", "--accelerator", "V100 SXM2", "--flops", "314e21", "--count", "10000",
                     "--utilization", str(24.6 / 125), "--power-w", "330", "--pue", "1.1")
        mwh = (r["energy_j"] - 1.1 * r["breakdown"]["network_j"]) / 3.6e9
        self.assertLess(abs(mwh / 1287 - 1), 0.05)

    def test_bad_questions_are_one_line_and_status_2(self):
        for args in (["train"], ["train", "--accelerator", "H100"], ["trian"], [],
                     ["train", "--accelerator", "H100", "--parameters", "many"],
                     ["train", "--accelerator", "Abacus", "--parameters", "1B"],
                     ["infer", "--accelerator", "H100", "--parameters", "1B", "--utilization", "2"],
                     ["infer", "--accelerator", "H100", "--parameters", "1B", "--zone", "Atlantis"],
                     ["--model", "/nonexistent"], ["--model", "/dev/null"], ["--model", "/"],
                     ["infer", "--accelerator", "H100", "--precision", "fp3",
                      "--parameters", "1B"]):
            done = run("estimate", *args, status=2)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, args)
            self.assertEqual(done.stdout, "", args)


class Infer(unittest.TestCase):
    def test_an_edge_device_needs_no_network_and_no_pue(self):
        r = json.loads(run("estimate", "compare", "--accelerator", "H100", "--accelerator",
                           "Jetson AGX Orin 64GB", "--parameters", "1B", "--requests", "1000",
                           "--json").stdout)
        cloud, edge = r
        self.assertEqual([cloud["place"], edge["place"]], ["cloud", "edge"])
        self.assertGreater(cloud["breakdown"]["network_j"], 0)
        self.assertEqual(edge["breakdown"]["network_j"], 0)
        self.assertEqual(edge["breakdown"]["cooling_j"], 0)
        self.assertGreater(cloud["tops_per_w"], 0)

    def test_an_unpublished_power_is_a_range(self):
        (row,) = json.loads(run("accelerators", "--json", "TPU v5e").stdout)
        self.assertNotIn("tdp_w", row)
        self.assertGreater(row["working_high_w"], 1.5 * row["working_low_w"])

    def test_every_accelerator_has_source_and_confidence(self):
        rows = json.loads(run("accelerators", "--json").stdout)
        self.assertGreater(len(rows), 90)
        self.assertTrue(all(r["source"] and r["confidence"] for r in rows))


class Models(unittest.TestCase):
    def write(self, folder, header):
        text = json.dumps(header).encode()
        path = os.path.join(folder, "model.safetensors")
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text)
        return path

    def test_a_file_gives_parameters_to_the_estimate(self):
        with tempfile.TemporaryDirectory() as folder:
            path = self.write(folder, {"w": {"dtype": "BF16", "shape": [4000, 1000000],
                                             "data_offsets": [0, 8000000000]}})
            with open(os.path.join(folder, "config.json"), "w") as f:
                json.dump({"architectures": ["LlamaForCausalLM"], "num_hidden_layers": 2}, f)
            facts = json.loads(run("estimate", "--model", path, "--json").stdout)
            self.assertEqual(facts["parameters"], 4e9)
            self.assertEqual(facts["flops_per_token"], 8e9)
            self.assertEqual(facts["types"][0]["type"], "BF16")
            by_file = estimate("infer", "--accelerator", "L4", "--model", path, "--batch", "4")
            by_hand = estimate("infer", "--accelerator", "L4", "--parameters", "4B", "--batch", "4")
            self.assertEqual(by_file["energy_j"], by_hand["energy_j"])

    def test_a_lying_header_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.safetensors")
            with open(path, "wb") as f:
                f.write(struct.pack("<Q", 1 << 62) + b"{}")
            self.assertIn("claims", run("estimate", "--model", path, status=2).stderr)


if __name__ == "__main__":
    unittest.main()
