"""Every kubectl on the machine: which there are, one of them in a namespace of its own, and tests that are run with each."""

import concurrent.futures
import functools
import json
import os
import pathlib
import shutil
import subprocess

from harness import run

# A kubectl needs about 0.1 s of a processor for nearly everything.
AT_A_TIME = os.cpu_count()


@functools.cache
def kubectls():
    """Every kubectl on this machine, by version and oldest first: those beside the real file behind the command, and Debian's."""
    candidates = [shutil.which("kubectl")]
    if candidates[0]:
        beside = pathlib.Path(os.path.realpath(candidates[0])).parent
        candidates += sorted(str(path) for path in beside.glob("kubectl.1.*"))
    candidates.append(os.environ.get("SKIFF_KUBECTL_1_20"))
    found = {}
    for path in filter(None, candidates):
        if not os.access(path, os.X_OK):
            continue
        version = json.loads(run([path, "version", "--client", "-o", "json"]).stdout)["clientVersion"]
        found.setdefault((int(version["major"]), int(version["minor"].rstrip("+"))), path)
    return dict(sorted(found.items()))


def some_kubectls():
    """The oldest, the newest, and the one in the middle."""
    every = list(kubectls().items())
    return dict(every[index] for index in (0, len(every) // 2, -1) if every)


class Kubectl:
    """One kubectl in one namespace."""

    def __init__(self, cluster, version, binary, namespace):
        self.cluster = cluster
        self.version = version
        self.binary = binary
        self.namespace = namespace

    def run(self, *arguments, **options):
        return self.cluster.kubectl("--namespace", self.namespace, *arguments, binary=self.binary, **options)

    def __call__(self, *arguments, **options):
        """What the command prints on stdout."""
        return self.run(*arguments, **options).stdout

    def fails(self, *arguments, **options):
        """What a command that has to fail prints on stderr."""
        done = self.run(*arguments, check=False, **options)
        if done.returncode == 0:
            raise AssertionError(f"kubectl {' '.join(arguments)} succeeded:\n{done.stdout}")
        return done.stderr

    def first_lines(self, count, *arguments):
        """The first lines that a command prints which would go on for ever."""
        command = self.cluster.kubectl_command("--namespace", self.namespace, *arguments, binary=self.binary)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = [process.stdout.readline() for _ in range(count)]
            process.kill()
        return lines

    def get(self, *arguments):
        return json.loads(self("get", *arguments, "-o", "json"))

    def has(self, *version):
        """Whether this kubectl is at least of that version."""
        return self.version >= version


def run_with(test, case, versions, at_a_time):
    """Calls `test(case, kubectl)` per version, some at the same time, each in a new namespace whose deletion nobody waits for."""
    namespaces = "/api/v1/namespaces"

    def one(version, binary):
        name = "-".join([test.__name__.removeprefix("test_").replace("_", "-"), *map(str, version)])
        case.cluster.curl(namespaces, "--fail", "--json", json.dumps({"metadata": {"name": name}}))
        case.cluster.wait_for_service_account(name)
        try:
            test(case, Kubectl(case.cluster, version, binary, name))
        finally:
            # The node takes 110 pods, which a few tests with every kubectl would fill.
            case.cluster.curl(f"{namespaces}/{name}", "-X", "DELETE")

    case.assertTrue(versions, "no kubectl on this machine")
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        running = {version: pool.submit(one, version, binary) for version, binary in versions.items()}
        for version, work in running.items():
            with case.subTest(".".join(map(str, version))):
                work.result()


def with_kubectls(choose, at_a_time=AT_A_TIME):
    """Decorates a test that takes a Kubectl besides: it is run once per kubectl that `choose` gives."""

    def decorate(test):
        @functools.wraps(test)
        def each(case):
            run_with(test, case, choose(), at_a_time)

        return each

    return decorate


with_every_kubectl = with_kubectls(kubectls)
with_some_kubectls = with_kubectls(some_kubectls)
