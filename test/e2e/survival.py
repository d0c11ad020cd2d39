"""Pods that come and go while what runs them is killed over and over, and what must be true of them all the time."""

import io
import json
import os
import pathlib
import random
import signal
import subprocess
import tarfile
import time

from harness import image_archives, wait_for
from own_machine import processes
from registry import digest_of

PODS = "/api/v1/namespaces/default/pods"
MOST_PODS = 8  # that come and go at a time; those that stay are apart

# Each container says once that it has begun, and has its name, POD/CONTAINER, on its command line as long as it runs.
BEGIN = 'echo "$0" >> /starts/log; '
ENDLESS = BEGIN + "while :; do sleep 1000; done"
SERVING = BEGIN + "httpd -p 80 -h /www; while :; do sleep 1000; done"
POLITE = BEGIN + "trap 'sleep 0.2; exit 0' TERM; while :; do sleep 0.05; done"
ONCE = BEGIN + "sleep 0.1"


def container(pod, name, script, mounts=(), **fields):
    return {"name": name, "image": "skiff/demo:1", "command": ["sh", "-c", script, f"{pod}/{name}"],
            "volumeMounts": [{"name": "starts", "mountPath": "/starts"}, *mounts], **fields}


class Pods:
    """Makes documents of pods, of all sorts. `images`: names of images that the node does not have yet."""

    def __init__(self, directory, images):
        self.starts = os.path.join(directory, "starts")
        os.mkdir(self.starts)
        self.images = images

    def pod(self, name, containers, volumes=(), **spec):
        starts = {"name": "starts", "hostPath": {"path": self.starts}}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": containers, "volumes": [starts, *volumes], **spec}}

    def staying(self, name):
        return self.pod(name, [container(name, "web", SERVING), container(name, "side", ENDLESS)])

    def any(self, name, number, dice):
        return dice.choice((self.plain, self.with_volumes, self.with_steps, self.ending, self.with_port, self.pulled))(name, number)

    def plain(self, name, _):
        return self.pod(name, [container(name, "a", ENDLESS), container(name, "b", POLITE)])

    def with_volumes(self, name, _):
        mounts = [{"name": "memory", "mountPath": "/memory"}, {"name": "disk", "mountPath": "/disk", "subPath": "part"},
                  {"name": "settings", "mountPath": "/settings"}]
        volumes = [{"name": "memory", "emptyDir": {"medium": "Memory"}}, {"name": "disk", "emptyDir": {}},
                   {"name": "settings", "configMap": {"name": "kube-root-ca.crt"}}]
        limits = {"limits": {"cpu": "100m", "memory": "32Mi"}}
        return self.pod(name, [container(name, "a", ENDLESS, mounts, resources=limits)], volumes)

    def with_steps(self, name, _):
        steps = [container(name, "first", ONCE), container(name, "sidecar", ENDLESS, restartPolicy="Always")]
        return self.pod(name, [container(name, "a", ENDLESS)], initContainers=steps, shareProcessNamespace=True)

    def ending(self, name, _):
        return self.pod(name, [container(name, "a", ONCE), container(name, "b", ONCE)], restartPolicy="Never")

    def with_port(self, name, number):
        return self.pod(name, [container(name, "a", SERVING, ports=[{"containerPort": 80, "hostPort": 20000 + number}])])

    def pulled(self, name, _):
        image = self.images.pop(0) if len(self.images) > 1 else self.images[0]
        return self.pod(name, [container(name, "a", ENDLESS, image=image, imagePullPolicy="IfNotPresent")])

    def begun(self):
        """Names of containers, as often as they have begun."""
        log = pathlib.Path(self.starts, "log")
        return log.read_text(encoding="utf-8").split() if log.exists() else []


def push_images(registry, directory, count, dice):
    """Images that share the demo image's layer and have another of their own, which takes a moment to pull; their names."""
    with tarfile.open(image_archives()[0]) as tar:
        demo = json.load(tar.extractfile("manifest.json"))[0]
        configuration = json.load(tar.extractfile(demo["Config"]))
        base = tar.extractfile(demo["Layers"][0]).read()

    def archive_of(files):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for name, data in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
        return archive.getvalue()

    names = []
    for number in range(count):
        own = archive_of({f"parts/{number}/{part}": dice.randbytes(40_000) for part in range(50)})
        configuration["rootfs"]["diff_ids"] = [digest_of(base), digest_of(own)]
        image = pathlib.Path(directory, "image.tar")
        image.write_bytes(archive_of({
            "config.json": json.dumps(configuration).encode(), "base.tar": base, "own.tar": own,
            "manifest.json": json.dumps([{"Config": "config.json", "Layers": ["base.tar", "own.tar"]}]).encode()}))
        names.append(registry.push(image, "pulled", str(number)))
    return names


def running():
    """The first processes of containers: (POD/CONTAINER, pid, when it started)."""
    found = {}
    for process in processes():
        pid, *command = process.split()
        if command[:2] != ["sh", "-c"] or "/" not in command[-1]:
            continue
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        found[int(pid)] = (command[-1], int(fields[1]), int(fields[19]))
    # A child that is about to execute something else still looks like its parent.
    return [(name, pid, start) for pid, (name, parent, start) in found.items() if found.get(parent, ("",))[0] != name]


class Survival:
    """What is killed, the pods that come and go meanwhile, and what must be true of them."""

    def __init__(self, command, node_data, pods, seed):
        self.command = command
        self.node_data = node_data
        self.log = node_data + ".log"
        self.process = None
        self.api = None  # an ApiClient, from the first start on
        self.pods = pods
        self.dice = random.Random(seed)
        self.pace = 0.3        # seconds that pods take to run on this machine
        self.number = 0        # of pods that came and went
        self.wanted = {}       # name -> document, until the server has said that it is in the API
        self.created = set()   # names of pods of which it has said so
        self.unwanted = set()  # names of pods that are to go, or have gone
        self.ending = set()    # POD/CONTAINER of what ends by itself
        self.alive = {}        # POD/CONTAINER -> (pid, start) of what ran when last looked at
        self.ids = {}          # (pod's uid, container) -> containerID

    # --- lives ---

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, text=True)

    def start(self):
        """Until it is ready."""
        self.spawn()
        if not self.process.stdout.readline():
            raise AssertionError("skiff did not start")

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def one_life(self):
        """From a start to a kill, which sometimes comes before it is ready, and sometimes when new pods run."""
        if self.dice.random() < 0.3:
            self.spawn()
            longest = self.pace / 2
        else:
            self.start()
            longest = self.dice.choice((self.pace, 3 * self.pace))
        moment = time.monotonic() + self.dice.uniform(0, longest)
        while time.monotonic() < moment:
            self.do_something()
            time.sleep(0.005)  # the moment is the point; nothing is waited for
        self.kill()
        self.check_processes()

    # --- pods come and go ---

    def create(self, name, document):
        self.wanted[name] = document
        containers = document["spec"]["containers"] + document["spec"].get("initContainers", [])
        self.ending |= {each["command"][3] for each in containers if each["command"][2] == ONCE}
        answer = self.api.request("POST", PODS, document)
        if answer:
            assert answer[0] in (201, 409), answer  # 409: it was made, and the answer was lost
            del self.wanted[name]
            self.created.add(name)

    def delete(self, name):
        self.unwanted.add(name)
        grace = self.dice.choice(("?gracePeriodSeconds=0", ""))
        answer = self.api.request("DELETE", f"{PODS}/{name}{grace}")
        assert not answer or answer[0] in (200, 404), answer

    def do_something(self):
        """One change and a look at how the pods are, when there is somebody to ask."""
        listed = self.api.request("GET", PODS)
        if not listed:
            return
        pods = listed[1]["items"]
        self.check_statuses(pods)
        present = [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        not_asked = [name for name in present if name in self.unwanted]  # the request was lost
        passing = [name for name in present if name.startswith("p")]
        if self.wanted:
            self.create(*next(iter(self.wanted.items())))
        elif not_asked:
            self.delete(not_asked[0])
        elif len(passing) < MOST_PODS:
            self.number += 1
            name = f"p{self.number}"
            self.create(name, self.pods.any(name, self.number, self.dice))
        elif self.dice.random() < 0.1:  # most get the time to begin
            self.delete(self.dice.choice(passing))

    def settle(self):
        """After the last kill: the pods, once all are as they should be."""
        while self.wanted:
            self.create(*next(iter(self.wanted.items())))
        for name in self.unwanted:
            self.delete(name)

        def settled():
            pods = self.api.must("GET", PODS)["items"]
            self.check_statuses(pods)
            names = {pod["metadata"]["name"] for pod in pods}
            assert names == self.created - self.unwanted, (names, self.created, self.unwanted)
            for pod in pods:
                phase, containers = pod["status"].get("phase"), pod["status"].get("containerStatuses")
                assert "deletionTimestamp" not in pod["metadata"], pod
                assert phase == "Succeeded" or phase == "Running" and all(each["ready"] for each in containers), pod
            return {pod["metadata"]["name"]: pod for pod in pods}

        pods = wait_for("all pods to be as they should", settled)
        self.check_processes()
        return pods

    def remove_all(self):
        """Until nothing of any pod is on the node."""
        for pod in self.api.must("GET", PODS)["items"]:
            self.delete(pod["metadata"]["name"])
        wait_for("all pods to be gone", lambda: not self.api.must("GET", PODS)["items"])
        for what in ("runtime/runtime/containers", "runtime/runtime/sandboxes", "runtime/runtime/netns", "runtime/network/addresses",
                     "pods/pods"):
            wait_for(f"{what} to be empty", lambda where=f"{self.node_data}/node/{what}": not os.listdir(where))

    # --- what must be true ---

    def check_statuses(self, pods):
        """What the API is told: no container is restarted, none gets another id once it has run."""
        for pod in pods:
            for each in pod["status"].get("initContainerStatuses", []) + pod["status"].get("containerStatuses", []):
                described = f"{pod['metadata']['name']}/{each['name']}: {each}"
                assert each["restartCount"] == 0 and not each.get("lastState"), described
                if "running" in each["state"]:
                    known = self.ids.setdefault((pod["metadata"]["uid"], each["name"]), each["containerID"])
                    assert known == each["containerID"], f"{described}, was {known}"

    def check_processes(self):
        """What the machine shows: what ran and was not to go still runs, as the same process, and nothing has begun twice."""
        begun = self.pods.begun()
        assert len(set(begun)) == len(begun), f"begun twice: {sorted(begun)}"
        found = running()
        now = {name: (pid, start) for name, pid, start in found}
        assert len(now) == len(found), f"there twice: {sorted(found)}"
        for name, process in self.alive.items():
            if name.split("/")[0] not in self.unwanted and name not in self.ending:
                assert now.get(name) == process, f"{name} was process {process}, and now is {now.get(name)}"
        self.alive = now
