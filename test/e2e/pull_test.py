"""Images from a registry: pulled for pods and by hand, and what a user sees while there is none."""

import re
import unittest

from harness import SKIFF, ClusterTestCase, image_archives, run, wait_for
from registry import PASSWORD, USER, Registry

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: {name}}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {{name: web, image: "{image}", imagePullPolicy: Always}}
"""


class PullTest(ClusterTestCase):
    images = False
    # Every disk is too full: what nobody uses goes at once.
    options = ("--image-gc-high-threshold", "1", "--image-gc-low-threshold", "0", "--minimum-image-ttl-duration", "0s")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.registry = Registry(cls.cluster)
        cls.addClassCleanup(cls.registry.close)

    def events(self, pod):
        """(type, reason, message) of a pod's events."""
        listed = self.cluster.get("events", "--field-selector", f"involvedObject.name={pod}")["items"]
        return [(event["type"], event["reason"], event["message"]) for event in listed]

    def assert_event(self, pod, kind, reason, pattern):
        def found():
            events = self.events(pod)
            assert any(event[:2] == (kind, reason) and re.search(pattern, event[2]) for event in events), events
            return True

        wait_for(f"the event {reason}", found)

    def waiting(self, pod, reason):
        """The message of the container's waiting state, once it has the reason."""

        def reached():
            statuses = self.cluster.get("pod", pod)["status"].get("containerStatuses", [])
            state = statuses[0]["state"].get("waiting", {}) if statuses else {}
            self.assertEqual(state.get("reason"), reason, state)
            return state["message"]

        return wait_for(reason, reached)

    def test_a_pod_is_pulled_and_runs(self):
        image = self.registry.push(image_archives()[0], "team/web", "1")
        self.cluster.apply(POD.format(name="pulled", image=image))
        pod = self.cluster.wait_running("app=pulled", 1)[0]
        self.assertIn("Hello from a pod", self.cluster.http_get(pod["status"]["podIP"]))
        status = pod["status"]["containerStatuses"][0]
        self.assertEqual(status["image"], image)
        self.assertRegex(status["imageID"], rf"^{self.registry.address}/team/web@sha256:[0-9a-f]{{64}}$")
        self.assert_event("pulled", "Normal", "Pulling", f'^Pulling image "{image}"$')
        self.assert_event("pulled", "Normal", "Pulled", rf'^Successfully pulled image "{image}" in \S+ \(\S+ including waiting\)')

    def test_a_missing_tag_is_waited_for(self):
        image = self.registry.name("team/late", "1")
        self.cluster.apply(POD.format(name="late", image=image))
        failure = (f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
                   f'failed to resolve reference "{image}": {image}: not found')
        self.assertEqual(self.waiting("late", "ErrImagePull"), failure)
        self.assertIn(failure, self.waiting("late", "ImagePullBackOff"))
        line = self.cluster.kubectl("get", "pod", "late").stdout.splitlines()[1].split()
        self.assertEqual(line[1:3], ["0/1", "ImagePullBackOff"])
        self.assert_event("late", "Warning", "Failed", "^Failed to pull image \"")
        self.assert_event("late", "Warning", "Failed", "^Error: ErrImagePull$")
        self.assert_event("late", "Normal", "BackOff", f'^Back-off pulling image "{image}"$')

        self.registry.push(image_archives()[0], "team/late", "1")
        pod = self.cluster.wait_running("app=late", 1)[0]
        self.assertEqual(pod["status"]["containerStatuses"][0]["restartCount"], 0)

    def test_a_private_image_needs_the_secret(self):
        private = Registry(self.cluster, private=True)
        self.addCleanup(private.close)
        image = private.push(image_archives()[0], "team/secret", "1")
        self.cluster.kubectl("create", "secret", "docker-registry", "access", f"--docker-server={private.address}",
                             f"--docker-username={USER}", f"--docker-password={PASSWORD}")
        self.cluster.apply(POD.format(name="stranger", image=image))
        self.assertRegex(self.waiting("stranger", "ErrImagePull"), "pull access denied, repository does not exist or may require "
                         f"authorization: {private.address}/team/secret$")
        self.cluster.apply(POD.format(name="friend", image=image) + "  imagePullSecrets: [{name: access}]\n")
        self.cluster.wait_running("app=friend", 1)

    def skiff_image(self, verb, *arguments, check=True):
        return run(self.cluster.inside([SKIFF, "image", verb, "--data-dir", self.cluster.data, *arguments]), check=check)

    def test_pulled_images_go_when_nobody_uses_them(self):
        def told_images():
            images = self.cluster.get("node", "node-1")["status"].get("images", [])
            return {name for image in images for name in image.get("names", [])}

        pulled = self.registry.push(image_archives()[1], "team/passing", "1")
        self.skiff_image("load", image_archives()[0])
        self.cluster.apply(POD.format(name="passing", image=pulled))
        self.cluster.wait_running("app=passing", 1)
        wait_for("the node to tell of it", lambda: pulled in told_images())
        self.cluster.kubectl("delete", "pod", "passing")
        wait_for("it to go", lambda: pulled not in told_images())
        listed = self.skiff_image("ls").stdout
        self.assertNotIn(pulled, listed)
        self.assertIn("docker.io/skiff/demo:1", listed)  # a user brought it
        events = self.cluster.kubectl("get", "events", "--field-selector", "involvedObject.kind=Node").stdout
        self.assertIn("FreeDiskSpaceFailed", events)

    def test_images_are_pulled_and_removed_by_hand(self):
        skiff_image = self.skiff_image
        image = self.registry.push(image_archives()[1], "team/tool", "2")
        self.assertEqual(skiff_image("pull", image).stdout, f"pulled {image}\n")
        self.assertIn(image, skiff_image("ls").stdout)
        self.assertEqual(skiff_image("rm", image).stdout, f"removed {image}\n")
        self.assertNotIn(image, skiff_image("ls").stdout)

        loaded = skiff_image("load", image_archives()[0]).stdout.splitlines()
        self.assertLessEqual({"loaded docker.io/skiff/demo:1", "loaded docker.io/library/busybox:latest"}, set(loaded))

        missing = self.registry.name("team/tool", "3")
        failed = skiff_image("pull", missing, check=False)
        self.assertNotEqual(failed.returncode, 0)
        self.assertIn(f"{missing}: not found", failed.stderr)


if __name__ == "__main__":
    unittest.main()
