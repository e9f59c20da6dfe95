# SPDX-License-Identifier: MIT
"""pyjoules_run.py COMMAND...: one start-stop of pyJoules around a command; prints JSON."""
import json
import subprocess
import sys

from pyJoules.device import DeviceFactory
from pyJoules.energy_meter import EnergyMeter

meter = EnergyMeter(DeviceFactory.create_devices())
meter.start()
if sys.argv[1:]:
    subprocess.run(sys.argv[1:], check=True)
meter.stop()
sample = list(meter.get_trace())[0]
joules = {"package": 0.0, "dram": 0.0}
for name, value in sample.energy.items():
    for part in joules:
        if name.startswith(part):
            joules[part] += value / 1e6
print(json.dumps({"cpu_j": joules["package"], "dram_j": joules["dram"]}))
