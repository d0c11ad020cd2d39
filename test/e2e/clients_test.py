"""Client libraries as their users have them: Debian's python3-kubernetes and npm's @kubernetes/client-node."""

import unittest

from client_libraries import CLIENTS, NODE_PACKAGE, PYTHON, client_environment, has_node_client, has_python_client
from harness import ClusterTestCase, run

CLIENT_SECONDS = 240


class ClientsTest(ClusterTestCase):
    runtime = "fake"

    def work_of(self, *command):
        done = run(self.cluster.inside(command), env=client_environment(self.cluster), timeout=CLIENT_SECONDS)
        return [line for line in done.stdout.splitlines() if line.startswith("ok ")]

    def test_python(self):
        if not has_python_client():
            self.skipTest("python3-kubernetes is not installed")
        self.assertEqual(len(self.work_of(PYTHON, CLIENTS / "python_client.py")), 7)

    def test_node(self):
        if not has_node_client():
            self.skipTest("SKIFF_CLIENT_NODE names no folder with @kubernetes/client-node (test/run fetches it where npm is)")
        self.assertEqual(len(self.work_of("node", CLIENTS / "node_client.mjs", NODE_PACKAGE)), 4)


if __name__ == "__main__":
    unittest.main()
