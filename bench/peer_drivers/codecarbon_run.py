# SPDX-License-Identifier: MIT
"""codecarbon_run.py SECONDS: one start-stop of CodeCarbon around a sleep; prints JSON."""
import json
import sys
import time

from codecarbon import OfflineEmissionsTracker

tracker = OfflineEmissionsTracker(country_iso_code="FRA", measure_power_secs=1,
                                  save_to_file=False, log_level="critical",
                                  allow_multiple_runs=True)
began = time.monotonic()
tracker.start()
if float(sys.argv[1]) > 0:
    time.sleep(float(sys.argv[1]))
tracker.stop()
seconds = time.monotonic() - began
data = tracker.final_emissions_data
print(json.dumps({"seconds": seconds, "cpu_j": data.cpu_energy * 3.6e6,
                  "dram_j": data.ram_energy * 3.6e6, "dram_is": "modelled"}))
