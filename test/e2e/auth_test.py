"""Who am I and what may I: kubectl auth, and kubectl --as, over every kubectl on the machine."""

import re
import unittest

from harness import ClusterTestCase, kubectls


def minor(version):
    return int(re.sub(r"\D", "", version.split(".")[1]))


class AuthTest(ClusterTestCase):
    runtime = "fake"

    def test_each(self):
        for version, binary in kubectls().items():
            with self.subTest(version):
                self.ask_with(binary)
                if minor(version) >= 27:
                    self.whoami_with(binary)

    def ask_with(self, binary):
        def kubectl(*arguments):
            return self.cluster.kubectl("auth", "can-i", *arguments, binary=binary).stdout

        self.assertEqual(kubectl("create", "deployments.apps"), "yes\n")
        self.assertEqual(kubectl("get", "pods", "--subresource=log", "-n", "kube-system"), "yes\n")
        self.assertEqual(kubectl("get", "/logs"), "yes\n")
        self.assertEqual(kubectl("get", "pods", "--as", "joe", "--as-group", "dev"), "yes\n")
        rules = [line.split() for line in kubectl("--list").splitlines()]
        self.assertIn(["*.*", "[]", "[]", "[*]"], rules)
        self.assertIn(["[*]", "[]", "[*]"], rules)

    def whoami_with(self, binary):
        def groups(*arguments):
            user = self.cluster.kubectl("auth", "whoami", *arguments, "-o", "jsonpath={.status.userInfo}", binary=binary)
            return user.stdout

        self.assertIn('"username":"kubernetes-admin"', groups())
        self.assertIn('"groups":["system:masters","system:authenticated"]', groups())
        self.assertIn('"username":"joe"', groups("--as", "joe"))
        self.assertIn('"groups":["dev","system:authenticated"]', groups("--as", "joe", "--as-group", "dev"))
        table = self.cluster.kubectl("auth", "whoami", binary=binary).stdout
        self.assertEqual(table.split()[:4], ["ATTRIBUTE", "VALUE", "Username", "kubernetes-admin"])


if __name__ == "__main__":
    unittest.main()
