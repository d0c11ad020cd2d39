"""What a pod finds of its service account."""

import unittest

from harness import ClusterTestCase, wait_for

POD = """
apiVersion: v1
kind: Pod
metadata: {name: who}
spec:
  restartPolicy: Never
  containers:
  - name: c
    image: busybox
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "cd /var/run/secrets/kubernetes.io/serviceaccount && cat token && echo && cat namespace && echo && cat ca.crt"]
"""


class ServiceAccountTest(ClusterTestCase):
    def test_a_pod_has_the_token_of_its_account(self):
        self.cluster.apply(POD)
        wait_for("the pod to end", lambda: self.cluster.get("pod", "who")["status"].get("phase") == "Succeeded")
        token, namespace, certificate = self.cluster.kubectl("logs", "who").stdout.split("\n", 2)
        self.assertEqual(namespace, "default")
        with open(f"{self.cluster.data}/pki/ca.crt", encoding="utf-8") as authority:
            self.assertEqual(certificate.strip(), authority.read().strip())
        review = self.cluster.kubectl("create", "-o", "json", "-f", "-", stdin="""
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": "%s"}}""" % token).stdout
        self.assertIn('"username": "system:serviceaccount:default:default"', review)
        self.assertIn('"who"', review)  # the pod that it is bound to


if __name__ == "__main__":
    unittest.main()
