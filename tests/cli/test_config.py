# SPDX-License-Identifier: MIT
"""Which setting wins, what a stranger's file may say, what a privileged program believes."""
import ctypes
import ctypes.util
import json
import os
import shutil
import subprocess
import unittest

import machine
from machine import MachineTest


class Config(MachineTest):

    def write(self, where, text):
        path = {"user": self.machine.root / "home/.config/wattle/config.yaml",
                "project": self.folder / "wattle.yaml"}[where]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def settings(self, *arguments, **options):
        done = self.wattle("config", "--json", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {row["key"]: row for row in json.loads(done.stdout)}, done

    def test_the_later_wins_and_says_where_it_came_from(self):
        env = {"WATTLE_SENSORS": None}
        rows, _ = self.settings(env=env)
        self.assertEqual((rows["hz"]["value"], rows["hz"]["origin"]), ("10", "default"))
        self.assertNotIn("value", rows["zone"])
        user = self.write("user", "hz: 20\nzone: DE\nproject: mine\n")
        rows, _ = self.settings(env=env)
        self.assertEqual((rows["zone"]["value"], rows["zone"]["origin"], rows["zone"]["where"]),
                         ("DE", "user", f"{user}:2"))
        self.write("project", "zone: PL\n")
        rows, _ = self.settings(env=env)
        self.assertEqual((rows["zone"]["value"], rows["zone"]["where"]), ("PL", "wattle.yaml:1"))
        rows, _ = self.settings(env={**env, "WATTLE_ZONE": "SE"})
        self.assertEqual((rows["zone"]["value"], rows["zone"]["where"]), ("SE", "WATTLE_ZONE"))
        self.assertEqual(rows["project"]["value"], "mine")

    def test_a_flag_beats_the_environment(self):
        self.machine.go()
        record, _ = self.record("--zone", "FR", "--", "true", env={"WATTLE_ZONE": "PL"})
        self.assertEqual(record["emissions"]["zone"], "FR")

    def test_xdg_config_home_is_used(self):
        place = self.machine.root / "xdg/wattle"
        place.mkdir(parents=True)
        (place / "config.yaml").write_text("zone: NO\n", encoding="ascii")
        rows, _ = self.settings(env={"XDG_CONFIG_HOME": str(place.parent)})
        self.assertEqual(rows["zone"]["value"], "NO")

    def test_a_strangers_file_may_not_choose_where_runs_go(self):
        evil = self.machine.root / "evil.db"
        self.write("project", f"store: {evil}\nkeep: false\nproject: theirs\n")
        done = self.wattle("run", "-q", "--", "true", env={"WATTLE_STORE": None})
        self.assertEqual(done.returncode, 0)
        self.assertIn('"store" is refused', done.stderr)
        self.assertIn('"keep" is refused', done.stderr)
        self.assertFalse(evil.exists())
        done = self.wattle("runs", "--json", env={"WATTLE_STORE": None})
        self.assertEqual(json.loads(done.stdout)[0]["project"], "theirs")

    def test_a_strangers_broken_file_or_zone_warns_and_the_run_goes_on(self):
        self.write("project", "zone: [\n")
        done = self.wattle("run", "-q", "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("the file is ignored", done.stderr)
        self.write("project", "zone: Atlantis\n")
        done = self.wattle("run", "-q", "--", "sh", "-c", "exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("Atlantis", done.stderr)

    def test_ones_own_broken_file_is_an_error_before_anything_runs(self):
        mark = self.folder / "mark"
        self.write("user", "hz: fast\n")
        done = self.wattle("run", "--", "touch", mark)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertIn("config.yaml:1", done.stderr)
        self.assertFalse(mark.exists())

    def test_an_unreadable_file_is_an_error_with_its_name(self):
        path = self.write("user", "")
        path.unlink()
        path.mkdir()
        done = self.wattle("config")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertIn(str(path), done.stderr)

    def test_an_unknown_key_is_a_warning_with_the_nearest_name(self):
        self.write("user", "zoen: FR\n")
        done = self.wattle("config")
        self.assertEqual(done.returncode, 0)
        self.assertIn('did you mean "zone"', done.stderr)


class Privileged(MachineTest):
    """With file capabilities (AT_SECURE) the environment is a stranger's."""

    def setUp(self):
        super().setUp()
        setcap = shutil.which("setcap", path=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root to give a file capabilities")
        self.binary = self.machine.root / "wattle-with-capabilities"
        shutil.copy(machine.WATTLE, self.binary)
        self.machine.root.chmod(0o755)
        self.binary.chmod(0o755)
        if setcap is not None:
            subprocess.run([setcap, "cap_sys_nice=ep", str(self.binary)], check=True)
        else:
            # struct vfs_cap_data, revision 2: cap_sys_nice (23) permitted and effective.
            value = ((0x02000001).to_bytes(4, "little") + (1 << 23).to_bytes(4, "little") +
                     bytes(12))
            libc = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
            if libc.setxattr(str(self.binary).encode(), b"security.capability", value, 20, 0):
                raise unittest.SkipTest("this file system keeps no capabilities")

    def run_as_nobody(self, *arguments, **env):
        def become_nobody():
            os.setgid(65534)
            os.setuid(65534)
        return subprocess.run([str(self.binary), *arguments], cwd="/",
                              env=self.machine.environment(**env), preexec_fn=become_nobody,
                              capture_output=True, text=True, check=False, timeout=30)

    def test_every_variable_is_ignored(self):
        done = self.run_as_nobody("config", "--json", WATTLE_ZONE="FR", WATTLE_HZ="fast",
                                  XDG_CONFIG_HOME="/nowhere")
        if done.returncode == 126 or "Operation not permitted" in done.stderr:
            self.skipTest("capabilities are not honoured here")
        rows = {row["key"]: row for row in json.loads(done.stdout)}
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("value", rows["zone"])
        self.assertEqual(rows["hz"]["value"], "10")
        self.assertNotIn("value", rows["store"])

    def test_the_fake_machine_is_not_believed(self):
        done = self.run_as_nobody("sensors", "--json", "--sensors", "powercap")
        self.assertNotIn("intel-rapl:0:0", done.stdout.replace("/sys/class", "")
                         if os.path.exists("/sys/class/powercap/intel-rapl:0:0") else done.stdout)


if __name__ == "__main__":
    machine.main()
