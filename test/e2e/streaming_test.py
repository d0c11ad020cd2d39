"""What runs in a container, from the outside: exec, attach, run, cp and port-forward with every kubectl; nothing is left of them."""

import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import unittest

from client_libraries import CLIENTS, NODE_PACKAGE, PYTHON, client_environment, has_node_client, has_python_client
from harness import ClusterTestCase, run, wait_for
from kubectls import with_every_kubectl, with_some_kubectls

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: "skiff/demo:1"}
  - {name: side, image: "skiff/demo:1", command: [sleep, "10000"]}
"""


LOOP = """
apiVersion: v1
kind: Pod
metadata: {name: loop}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: "skiff/demo:1", stdin: true, command: [sh, -c, "while read x; do echo got $x; done; sleep 1000"]}
"""


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command, rows, columns):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        # The first words make the terminal the command's controlling one, so that it hears of new sizes.
        self.process = subprocess.Popen(["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, pattern):
        while not re.search(pattern, self.text):
            if not select.select([self.master], [], [], 20)[0]:
                raise AssertionError(f"no {pattern!r} in {self.text!r}, and no end")
            try:
                piece = os.read(self.master, 4096)
            except OSError:  # the command has ended
                piece = b""
            if not piece:
                raise AssertionError(f"no {pattern!r} in {self.text!r}")
            self.text += piece.decode()

    def wait(self):
        code = self.process.wait(timeout=20)
        os.close(self.master)
        return code


class StreamingTest(ClusterTestCase):
    def start_pod(self, kubectl):
        kubectl("apply", "-f", "-", stdin=POD)
        wait_for("the pod", lambda: all(status["ready"] for status in
                                        kubectl.get("pod", "web")["status"].get("containerStatuses", [{"ready": False}])))

    def command(self, kubectl, *arguments):
        return self.cluster.kubectl_command("--namespace", kubectl.namespace, *arguments, binary=kubectl.binary)

    @with_every_kubectl
    def test_exec(self, kubectl):
        self.start_pod(kubectl)

        done = kubectl.run("exec", "web", "-c", "main", "--", "sh", "-c", "echo out; echo err >&2; exit 3", check=False)
        self.assertEqual((done.returncode, done.stdout), (3, "out\n"))
        self.assertEqual(done.stderr, "err\ncommand terminated with exit code 3\n")
        self.assertEqual(kubectl("exec", "-i", "web", "-c", "side", "--", "cat", stdin="in\nput"), "in\nput")
        self.assertEqual(kubectl("exec", "-i", "web", "-c", "main", "--", "head", "-c", "3", stdin="x" * 3000000), "xxx")
        self.assertEqual(len(kubectl("exec", "web", "-c", "main", "--", "head", "-c", "3000000", "/dev/zero")), 3000000)

        self.assertIn('exec: "nosuch": executable file not found in $PATH',
                      kubectl.fails("exec", "web", "-c", "main", "--", "nosuch"))
        self.assertIn("container x is not valid for pod web", kubectl.fails("exec", "web", "-c", "x", "--", "ls"))
        self.assertIn('pods "none" not found', kubectl.fails("exec", "none", "--", "ls"))

    @with_some_kubectls
    def test_terminal(self, kubectl):
        self.start_pod(kubectl)
        script = ("while [ -z \"$(stty size 2> /dev/null)\" ]; do sleep 0.05; done; echo size $(stty size) $TERM; read word; echo got $word; "
                  "while [ \"$(stty size)\" != '44 132' ]; do sleep 0.05; done; echo now $(stty size); exit 7")
        terminal = Terminal(self.command(kubectl, "exec", "-it", "web", "-c", "main", "--", "sh", "-c", script), 33, 101)
        terminal.read_until(r"size 33 101 xterm\r\n")
        terminal.type("word\n")
        terminal.read_until(r"got word\r\n")
        terminal.resize(44, 132)
        terminal.read_until(r"now 44 132\r\n")
        self.assertEqual(terminal.wait(), 7)

    @with_some_kubectls
    def test_run_and_attach(self, kubectl):
        def run_once(name, script, stdin):
            return kubectl.run("run", name, "-i", "--quiet", "--restart=Never", "--image=skiff/demo:1", "--command", "--",
                               "sh", "-c", script, stdin=stdin, check=False)

        done = run_once("asks", "read x; echo got $x; read x || echo end; exit 5", "hello\n")
        self.assertEqual((done.returncode, done.stdout), (5, "got hello\nend\n"), done.stderr)
        self.assertIn("5", kubectl("get", "pod", "asks", "-o", "jsonpath={..terminated.exitCode}"))

        kubectl("apply", "-f", "-", stdin=LOOP)
        wait_for("the pod", lambda: kubectl.get("pod", "loop")["status"]["phase"] == "Running")
        with subprocess.Popen(self.command(kubectl, "attach", "-i", "loop"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as attached:
            attached.stdin.write("one\n")
            attached.stdin.flush()
            self.assertEqual(attached.stdout.readline(), "got one\n")
            attached.kill()

    @with_some_kubectls
    def test_copy(self, kubectl):
        self.start_pod(kubectl)
        there = os.path.join(self.cluster.directory, kubectl.namespace)
        with open(there, "wb") as file:
            file.write(os.urandom(10_000_000))
        kubectl("cp", there, "web:/tmp/file", "-c", "main")
        kubectl("cp", "web:/tmp/file", there + "-back", "-c", "main")
        with open(there, "rb") as file, open(there + "-back", "rb") as back:
            self.assertEqual(file.read(), back.read())

    @with_every_kubectl
    def test_port_forward(self, kubectl):
        self.start_pod(kubectl)
        wait_for("the web server", lambda: kubectl("exec", "web", "-c", "main", "--", "wget", "-q", "-O", "-", "http://127.0.0.1/"))
        kubectl("exec", "web", "-c", "main", "--", "sh", "-c", "head -c 3000000 /dev/urandom > /www/big")
        with subprocess.Popen(self.command(kubectl, "port-forward", "web", ":80", ":81"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as forwarding:
            try:
                ports = [re.search(r"127\.0\.0\.1:(\d+) ->", self.next_ipv4_line(forwarding))[1] for _ in range(2)]

                def fetch(path):
                    return run(self.cluster.inside(["curl", "-sS", "--fail", f"http://127.0.0.1:{ports[0]}{path}"])).stdout

                for _ in range(3):
                    self.assertIn("Hello from a pod.", fetch("/"))
                digest = kubectl("exec", "web", "-c", "main", "--", "md5sum", "/www/big").split()[0]
                command = self.cluster.inside(["sh", "-c", f"curl -sS http://127.0.0.1:{ports[0]}/big | md5sum"])
                self.assertEqual(run(command).stdout.split()[0], digest)

                self.assertNotEqual(run(self.cluster.inside(["curl", "-sS", f"http://127.0.0.1:{ports[1]}/"]), check=False).returncode, 0)
                while "connection refused" not in (line := forwarding.stderr.readline()):
                    self.assertTrue(line, "nothing said of the refused connection")
            finally:
                forwarding.kill()

    def test_port_forward_of_client_libraries(self):
        kubectl = self.cluster.kubectl
        kubectl("create", "namespace", "libraries")
        self.cluster.wait_for_service_account("libraries")
        kubectl("--namespace", "libraries", "apply", "-f", "-", stdin=POD)
        kubectl("--namespace", "libraries", "wait", "--for=condition=Ready", "pod/web")
        inside = ["--namespace", "libraries", "exec", "web", "-c", "main", "--"]
        kubectl(*inside, "sh", "-c", "head -c 3000000 /dev/urandom > /www/big")
        digest = kubectl(*inside, "md5sum", "/www/big").stdout.split()[0]
        for library, has_it, command in [
                ("python3-kubernetes", has_python_client(), [PYTHON, CLIENTS / "python_forward.py"]),
                ("@kubernetes/client-node", has_node_client(), ["node", CLIENTS / "node_forward.mjs", NODE_PACKAGE])]:
            with self.subTest(library):
                if not has_it:
                    self.skipTest(f"{library} is not there")
                done = run(self.cluster.inside([*command, "libraries", "web"]), env=client_environment(self.cluster))
                self.assertEqual(done.stdout, digest + "\n")

    @staticmethod
    def next_ipv4_line(forwarding):
        while "127.0.0.1" not in (line := forwarding.stdout.readline()):
            if not line:
                raise AssertionError(forwarding.stderr.read())
        return line

    @with_some_kubectls
    def test_refusals(self, kubectl):
        kubectl("run", "done", "--image=skiff/demo:1", "--restart=Never", "--command", "--", "true")
        wait_for("the end", lambda: kubectl.get("pod", "done")["status"]["phase"] == "Succeeded")
        self.assertIn("cannot exec into a container in a completed pod", kubectl.fails("exec", "done", "--", "ls"))
        kubectl("run", "stuck", "--image=skiff/none:1", "--image-pull-policy=Never")
        wait_for("the node's word", lambda: "ErrImageNeverPull" in kubectl("get", "pod", "stuck"))
        self.assertIn('container not found ("stuck")', kubectl.fails("exec", "stuck", "--", "ls"))


LOG_MAX_SIZE = 64 * 1024
# Says a line of 60 bytes, and once it is told to go on 5999 more, in some four seconds.
TALKER = """
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  containers:
  - name: main
    image: "skiff/demo:1"
    command:
    - sh
    - -c
    - "i=0; while [ $i -lt 6000 ]; do i=$((i+1)); echo line $i ........................................; [ $((i % 75)) = 0 ] && sleep 0.05; \
      [ $i = 1 ] && while [ ! -e /tmp/go ]; do sleep 0.05; done; done; sleep 1000"
"""


class RemainsTest(ClusterTestCase):
    """What stays behind: of clients that are killed, and of what containers said."""

    options = ("--container-log-max-size", str(LOG_MAX_SIZE), "--container-log-max-files", "3")

    def log_files(self):
        return sorted(pathlib.Path(self.cluster.data).glob("node/pods/pods/*/logs/main/0.log*"))

    def let_talker_go_on(self):
        self.cluster.kubectl("exec", "talker", "--", "touch", "/tmp/go")

    def test_a_long_log_is_set_aside_and_none_who_reads_it_notices(self):
        self.cluster.apply(TALKER)
        wait_for("the pod", lambda: self.cluster.get("pod", "talker")["status"]["phase"] == "Running")
        followed = os.path.join(self.cluster.directory, "followed")
        with open(followed, "wb") as file:
            follower = subprocess.Popen(self.cluster.kubectl_command("logs", "-f", "talker"), stdout=file, stderr=subprocess.DEVNULL)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)

        def numbers(text):
            return [int(line.split()[1]) for line in text.splitlines()]

        def newest():
            return (numbers(self.cluster.kubectl("logs", "talker", "--tail=1").stdout) or [0])[-1]

        wait_for("the follower", lambda: os.path.getsize(followed) > 0)
        self.let_talker_go_on()
        wait_for("files that were set aside", lambda: len(self.log_files()) == 3)
        # The container goes on without the agent, and the next agent with the log.
        self.cluster.restart(signal.SIGKILL)
        wait_for("the last line", lambda: newest() == 6000)

        def is_within_limit():
            # A file that has grown too long is set aside up to a second later, and the oldest file removed.
            try:
                return (self.log_files()[0].parent / "0.log").stat().st_size <= LOG_MAX_SIZE
            except FileNotFoundError:
                return False

        wait_for("the last file that is too long to be set aside", is_within_limit)
        kept = numbers(self.cluster.kubectl("logs", "talker").stdout)
        self.assertEqual(kept, list(range(kept[0], 6001)))
        self.assertGreater(len(kept), 1100)
        tail = numbers(self.cluster.kubectl("logs", "talker", f"--tail={len(kept) - 7}").stdout)
        self.assertEqual(tail, kept[7:])
        self.assertLessEqual(len(self.log_files()), 3)
        self.assertTrue(all(path.suffix != ".tmp" for path in self.log_files()))

        # Whoever follows from now on sees what comes, across files.
        self.cluster.kubectl("delete", "pod", "talker")
        self.cluster.apply(TALKER)
        wait_for("the pod", lambda: self.cluster.get("pod", "talker")["status"]["phase"] == "Running")
        with subprocess.Popen(self.cluster.kubectl_command("logs", "-f", "talker"), stdout=subprocess.PIPE, text=True) as whole:
            said = [int(whole.stdout.readline().split()[1])]
            self.let_talker_go_on()
            said += [int(whole.stdout.readline().split()[1]) for _ in range(5999)]
            whole.kill()
        self.assertEqual(said, list(range(1, 6001)))
        self.assertGreater(len(self.log_files()), 1)
        self.cluster.kubectl("delete", "pod", "talker")
        wait_for("the end of its log", lambda: not self.log_files())

    def test_nothing_stays_when_a_client_is_killed(self):
        self.cluster.apply(POD)
        self.cluster.kubectl("wait", "--for=condition=Ready", "pod/web")
        skiff = self.cluster.ready["pid"]

        def open_files():
            return len(os.listdir(f"/proc/{skiff}/fd"))

        def commands():
            script = "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done | grep -c '^sleep 555' || true"
            return int(self.cluster.kubectl("exec", "web", "-c", "main", "--", "sh", "-c", script).stdout)

        commands()
        before = wait_for("a quiet server", lambda: open_files())
        clients = [subprocess.Popen(self.cluster.kubectl_command("exec", *options, "web", "-c", "main", "--", "sleep", "555"),
                                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                   for options in ([], ["-i"], ["-i", "-t"]) for _ in range(2)]
        wait_for("the commands", lambda: commands() == len(clients))
        for client in clients:
            client.kill()
            client.wait()
            client.stdin.close()
        wait_for("their end", lambda: commands() == 0)
        wait_for("closed files", lambda: open_files() <= before + 2)


if __name__ == "__main__":
    unittest.main()
