"""The agent is killed with SIGKILL at random moments, over and over, while pods come and go.

What runs is neither lost nor restarted nor started twice, and when the last pod is gone nothing of any is left. Says the seed of its
dice; SKIFF_SEED throws them again, SKIFF_KILLS says how often each test kills: 100, so 200 in all, take some minutes.
"""

import contextlib
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import unittest

from api_client import ApiClient
from harness import SKIFF, image_archives, run, wait_for
from own_machine import check_same, differences, inventory, on_its_own_machine
from registry import Registry
from survival import Pods, Survival, push_images

KILLS = int(os.environ.get("SKIFF_KILLS", "20"))
SEED = int(os.environ.get("SKIFF_SEED", "1"))
SERVER = "https://127.0.0.1:6443"
STAYING = 3
LONGEST_PACE_SECONDS = 0.6
LOG_LINES = 200  # that a failure shows


class Here:
    """This network, for the Registry, which expects that of a cluster."""

    @staticmethod
    def inside(command):
        return command

    in_namespace = staticmethod(contextlib.nullcontext)


class SurvivalTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="skiff-e2e-")
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.node = f"{self.directory}/node"
        self.addCleanup(run, [SKIFF, "clean", "--data-dir", self.node], check=False)  # after a failure
        self.manifests = pathlib.Path(self.directory, "manifests")
        self.manifests.mkdir()
        self.common = ["--node-name", "node-1", "--log-level", "debug", "--data-dir", self.node, "--pod-manifest-path", self.manifests]

    def check(self, command, start_server=None):
        """Kills what the command starts. The server is in another process, when there is a way to start that."""
        print(f"SKIFF_SEED={SEED} SKIFF_KILLS={KILLS}", flush=True)
        before = inventory()
        run([SKIFF, "image", "load", "--data-dir", self.node, *image_archives()[:1]])
        with contextlib.ExitStack() as stack:
            registry = Registry(Here)
            stack.callback(registry.close)
            images = push_images(registry, self.directory, 2 + KILLS // 4, random.Random(SEED))
            survival = Survival(command, self.node, Pods(self.directory, images), SEED)
            if start_server:
                command += start_server(stack)
            stack.callback(survival.kill)
            survival.start()
            survival.api = ApiClient(SERVER, f"{self.directory}/server" if start_server else self.node)
            try:
                self.live(survival)
            except BaseException:
                with open(survival.log, encoding="utf-8", errors="replace") as log:
                    print(f"--- the end of skiff's log ---\n{''.join(log.readlines()[-LOG_LINES:])}")
                raise
        run([SKIFF, "clean", "--data-dir", self.node])
        check_same(before)

    def live(self, survival):
        # What is there without pods is what is left of some that nobody disturbed.
        begin = time.monotonic()
        survival.create("warm-up-1", survival.pods.staying("warm-up-1"))
        survival.create("warm-up-2", survival.pods.with_volumes("warm-up-2", 0))
        survival.settle()
        survival.pace = min(time.monotonic() - begin, LONGEST_PACE_SECONDS)
        survival.remove_all()
        idle = self.inventory(survival)

        staying = [f"staying-{number}" for number in range(STAYING)]
        for name in staying:
            survival.create(name, survival.pods.staying(name))
        manifest = self.manifests / "static.json"
        manifest.write_text(json.dumps(survival.pods.staying("static")), encoding="utf-8")
        staying.append("static-node-1")
        survival.created.add(staying[-1])
        survival.settle()
        survival.kill()
        for _ in range(KILLS):
            survival.one_life()
        survival.start()
        pods = survival.settle()
        for name in staying:
            address = pods[name]["status"]["podIP"]
            self.assertIn("Hello", run(["curl", "-sS", "--noproxy", "*", "--max-time", "5", f"http://{address}/"]).stdout)
        print(f"pace {survival.pace:.1f} s, {survival.number} pods came, {len(survival.pods.begun())} containers began", flush=True)
        manifest.unlink()
        survival.remove_all()

        def nothing_is_left():
            left = differences(idle, self.inventory(survival))
            assert not left, "\n".join(left)
            return True

        wait_for("nothing to be left", nothing_is_left)

    def inventory(self, survival):
        """The machine with the data directory, but for images, without the agent, which is another process each time."""
        found = inventory(self.node)
        found["files"] = {file for file in found["files"] if not file.startswith(f"{self.node}/images/")}
        found["processes"] = {process for process in found["processes"] if process.split()[0] != str(survival.process.pid)}
        return found

    @on_its_own_machine
    def test_up_is_killed(self):
        self.check([SKIFF, "up", "--listen", SERVER.removeprefix("https://"), *self.common])

    @on_its_own_machine
    def test_the_agent_is_killed_and_the_server_lives(self):
        def start_server(stack):
            """What an agent needs to know of it."""
            data = f"{self.directory}/server"
            with open(data + ".log", "wb") as log:
                server = subprocess.Popen([SKIFF, "server", "--listen", SERVER.removeprefix("https://"), "--data-dir", data,
                                           "--node-monitor-grace-period", "10m"], stdout=subprocess.PIPE, stderr=log, text=True)
            stack.enter_context(server)
            stack.callback(server.kill)
            self.assertTrue(server.stdout.readline(), "the server starts")
            return ["--token", run([SKIFF, "token", "create", "--data-dir", data]).stdout.strip()]

        self.check([SKIFF, "agent", "--server", SERVER, "--node-ip", "127.0.0.1", "--address", "127.0.0.1",
                    "--port", "0", *self.common], start_server)


if __name__ == "__main__":
    unittest.main()
