"""Who am I and what may I: kubectl auth, and kubectl --as, over every kubectl on the machine. And who is the server."""

import contextlib
import os
import unittest

from harness import Cluster, ClusterTestCase
from kubectls import with_every_kubectl


class AuthTest(ClusterTestCase):
    runtime = "fake"

    @with_every_kubectl
    def test_can_i(self, kubectl):
        self.assertEqual(kubectl("auth", "can-i", "create", "deployments.apps"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "pods", "--subresource=log"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "/logs"), "yes\n")
        self.assertEqual(kubectl("auth", "can-i", "get", "pods", "--as", "joe", "--as-group", "dev"), "yes\n")
        rules = [line.split() for line in kubectl("auth", "can-i", "--list").splitlines()]
        self.assertIn(["*.*", "[]", "[]", "[*]"], rules)
        self.assertIn(["[*]", "[]", "[*]"], rules)

    @with_every_kubectl
    def test_whoami(self, kubectl):
        if not kubectl.has(1, 27):  # alpha, or unknown
            return

        def user(*arguments):
            return kubectl("auth", "whoami", *arguments, "-o", "jsonpath={.status.userInfo}")

        administrator = user()
        self.assertIn('"username":"kubernetes-admin"', administrator)
        self.assertIn('"groups":["system:masters","system:authenticated"]', administrator)
        self.assertIn('"username":"joe"', user("--as", "joe"))
        self.assertIn('"groups":["dev","system:authenticated"]', user("--as", "joe", "--as-group", "dev"))
        self.assertEqual(kubectl("auth", "whoami").split()[:4], ["ATTRIBUTE", "VALUE", "Username", "kubernetes-admin"])

    def test_a_certificate_from_elsewhere(self):
        """--tls-cert-file: the kubeconfig and the pods' kube-root-ca.crt know the certificate, though another authority signed it."""
        files = [os.path.join(self.cluster.data, "pki", "apiserver" + ending) for ending in (".crt", ".key")]
        other = Cluster("--tls-cert-file", files[0], "--tls-private-key-file", files[1], runtime="fake")
        with contextlib.closing(other):
            self.assertEqual(other.kubectl("get", "namespace", "default", "-o", "name").stdout, "namespace/default\n")
            with open(files[0], encoding="utf-8") as certificate:
                self.assertIn(certificate.read(), other.get("configmap", "kube-root-ca.crt")["data"]["ca.crt"])


if __name__ == "__main__":
    unittest.main()
