# SPDX-License-Identifier: MIT
"""codecarbon_run.py COMMAND...: one start-stop of CodeCarbon around a command; prints JSON."""
import json
import subprocess
import sys

from codecarbon import OfflineEmissionsTracker

tracker = OfflineEmissionsTracker(country_iso_code="FRA", measure_power_secs=1,
                                  save_to_file=False, log_level="critical",
                                  allow_multiple_runs=True)
tracker.start()
if sys.argv[1:]:
    subprocess.run(sys.argv[1:], check=True)
tracker.stop()
data = tracker.final_emissions_data
print(json.dumps({"cpu_j": data.cpu_energy * 3.6e6, "dram_j": data.ram_energy * 3.6e6,
                  "dram_is": "modelled"}))
