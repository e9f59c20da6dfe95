# SPDX-License-Identifier: MIT
"""pyjoules_run.py SECONDS: one start-stop of pyJoules around a sleep; prints JSON."""
import json
import sys
import time

from pyJoules.device import DeviceFactory
from pyJoules.energy_meter import EnergyMeter

meter = EnergyMeter(DeviceFactory.create_devices())
began = time.monotonic()
meter.start()
if float(sys.argv[1]) > 0:
    time.sleep(float(sys.argv[1]))
meter.stop()
seconds = time.monotonic() - began
sample = list(meter.get_trace())[0]
cpu = sum(v for k, v in sample.energy.items() if k.startswith("package"))
ram = sum(v for k, v in sample.energy.items() if k.startswith("dram"))
print(json.dumps({"seconds": seconds, "cpu_j": cpu / 1e6, "dram_j": ram / 1e6}))
