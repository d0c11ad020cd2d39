"""Client libraries as their users have them: Debian's python3-kubernetes and npm's @kubernetes/client-node."""

import os
import pathlib
import subprocess
import unittest

from harness import ClusterTestCase, run

CLIENTS = pathlib.Path(__file__).resolve().parent / "clients"
# Debian's own, which its modules are installed for.
PYTHON = "/usr/bin/python3"
NODE_PACKAGE = os.environ.get("SKIFF_CLIENT_NODE", "")
CLIENT_SECONDS = 240


class ClientsTest(ClusterTestCase):
    runtime = "fake"

    def work_of(self, *command):
        environment = dict(os.environ, KUBECONFIG=self.cluster.kubeconfig, HOME=self.cluster.directory, no_proxy="*")
        done = run(self.cluster.inside(command), env=environment, timeout=CLIENT_SECONDS)
        return [line for line in done.stdout.splitlines() if line.startswith("ok ")]

    def test_python(self):
        if subprocess.run([PYTHON, "-c", "import kubernetes"], capture_output=True).returncode != 0:
            self.skipTest("python3-kubernetes is not installed")
        self.assertEqual(len(self.work_of(PYTHON, CLIENTS / "python_client.py")), 7)

    def test_node(self):
        if not os.path.isdir(NODE_PACKAGE):
            self.skipTest("SKIFF_CLIENT_NODE names no folder with @kubernetes/client-node (test/run fetches it where npm is)")
        self.assertEqual(len(self.work_of("node", CLIENTS / "node_client.mjs", NODE_PACKAGE)), 4)


if __name__ == "__main__":
    unittest.main()
