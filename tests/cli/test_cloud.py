# SPDX-License-Identifier: MIT
"""--cloud-metadata: asked only when wanted, believed only when it makes sense."""
import http.server
import threading

import machine
from machine import MachineTest

CPU = """processor\t: {0}
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Intel(R) Xeon(R) CPU @ 2.80GHz
physical id\t: 0
siblings\t: 2
core id\t\t: {1}
cpu cores\t: 1
flags\t\t: fpu hypervisor

"""


class Service(http.server.BaseHTTPRequestHandler):
    answer = b"projects/7/machineTypes/n2-standard-2"
    asked = []

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Metadata-Flavor")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, *_):
        pass


class Cloud(MachineTest):

    def setUp(self):
        super().setUp()
        Service.asked = []
        Service.answer = b"projects/7/machineTypes/n2-standard-2"
        server = http.server.HTTPServer(("127.0.0.1", 0), Service)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        proc = self.machine.root / "proc"
        proc.mkdir()
        (proc / "cpuinfo").write_text(CPU.format(0, 0) + CPU.format(1, 0), encoding="ascii")
        (proc / "meminfo").write_text("MemTotal: 8000000 kB\n", encoding="ascii")
        (proc / "stat").write_text("cpu  100 0 0 1000 0 0 0 0 0 0\n", encoding="ascii")
        dmi = self.machine.root / "sys/class/dmi/id"
        dmi.mkdir(parents=True)
        (dmi / "product_name").write_text("Google Compute Engine\n", encoding="ascii")
        self.env = {"WATTLE_SENSORS": "modelled", "WATTLE_PROCFS": str(proc),
                    "WATTLE_METADATA": f"127.0.0.1:{server.server_port}",
                    "http_proxy": "http://127.0.0.1:1/"}

    def test_nobody_is_asked_unless_it_is_wanted(self):
        (self.folder / "wattle.yaml").write_text("cloud_metadata: true\n", encoding="ascii")
        done = self.wattle("sensors", env=self.env)
        self.assertIn('"cloud_metadata" is refused', done.stderr)
        self.assertEqual((done.returncode, Service.asked), (0, []))
        self.assertNotIn("n2-standard", done.stdout)

    def test_the_type_decides_the_share(self):
        for command in (["sensors", "--cloud-metadata"], ["doctor", "--cloud-metadata"]):
            done = self.wattle(*command, env=self.env)
            self.assertIn("n2-standard-2: 2 of a host with 128 virtual CPUs", done.stdout)
            self.assertEqual(done.stderr, "")
        record, _ = self.record("--", "true", env={**self.env, "WATTLE_CLOUD_METADATA": "true"})
        self.assertIn("n2-standard-2: 2 of a host with 128", str(record))
        self.assertEqual(Service.asked,
                         [("/computeMetadata/v1/instance/machine-type", "Google")] * 3)

    def test_an_answer_without_sense_is_told_and_the_run_goes_on(self):
        Service.answer = b"n2 $(reboot)"
        record, done = self.record("--cloud-metadata", "--", "true", env=self.env)
        self.assertIn("makes no sense", done.stderr)
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("n2-standard", str(record))

    def test_a_fake_machine_alone_touches_no_network(self):
        done = self.wattle("sensors", "--cloud-metadata",
                           env={**self.env, "WATTLE_METADATA": None})
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    machine.main()
