"""Clients that ask for more than a server can give: what they hold is bounded, and the others are served.

SKIFF_OVERLOAD=full takes ten thousand connections and a thousand watchers, waits until the slow are cut off (half a minute), and prints
the figures of docs/performance.md.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import resource
import socket
import ssl
import tempfile
import time
import unittest

from harness import Cluster, wait_for

FULL = os.environ.get("SKIFF_OVERLOAD") == "full"
CONNECTIONS = 10_000 if FULL else 1_000
SLOW_WATCHERS = 1_000 if FULL else 100
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
KIB = 1024

# What one client may cost the server. Measured: see docs/performance.md.
IDLE_CONNECTION_BYTES = 40 * KIB
SLOW_WATCHER_BYTES = 96 * KIB
SLOW_WATCHER_KERNEL_BYTES = 512 * KIB


def note(text):
    if FULL:
        print(text, flush=True)


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) * KIB for line in status if line.startswith("VmRSS:"))


def memory_of_sockets():
    """What the kernel holds for TCP on the whole machine."""
    with open("/proc/net/sockstat", encoding="utf-8") as sockets:
        words = next(line for line in sockets if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1]) * resource.getpagesize()


def config_map(name, text):
    return {"metadata": {"name": name}, "data": {"text": text}}


class Client:
    """One connection, by hand: what http.client reads ahead a slow client must not."""

    def __init__(self, server, receive_buffer=None):
        host, port = server.ready["server"].removeprefix("https://").rsplit(":", 1)
        raw = socket.socket()
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(60)
        try:
            raw.connect((host, int(port)))
            self.socket = server.tls.wrap_socket(raw, server_hostname=host)
        except OSError:
            raw.close()
            raise
        self.token = server.token

    def send(self, method, path, body=None, token=None):
        text = json.dumps(body) if body else ""
        self.socket.sendall((f"{method} {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token or self.token}\r\n"
                             f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}").encode())

    def answer(self):
        """Of the last request, with its body unread."""
        answer = http.client.HTTPResponse(self.socket)
        answer.begin()
        return answer

    def ask(self, method, path, body=None, token=None):
        """The status, the headers and the body."""
        self.send(method, path, body, token)
        answer = self.answer()
        return answer.status, answer.headers, answer.read()

    def watch(self, revision):
        """A watch of the ConfigMaps that stands; its events are not read."""
        self.send("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion={revision}")
        head = b""
        while not head.endswith(b"\r\n\r\n"):  # not a byte more
            head += self.socket.recv(1)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(head)

    def events(self):
        """Those of watch(), from the first on."""
        stream = self.socket.makefile("rb")
        while True:
            size = int(stream.readline() or b"0", 16)
            lines = stream.read(size)
            stream.readline()
            if not size:
                return
            for line in lines.splitlines():
                yield json.loads(line)

    def close(self):
        self.socket.close()


class Server(Cluster):
    """A server of its own, on this machine's loopback; one that may only have so many descriptors if asked."""

    def __init__(self, *options, descriptors=None):
        self.descriptors = descriptors
        super().__init__(*options, runtime="fake", images=False, isolated=False)
        self.tls = ssl.create_default_context(cafile=os.path.join(self.data, "pki/ca.crt"))
        with open(os.path.join(self.data, "pki/admin.token"), encoding="utf-8") as token:
            self.token = token.read().strip()

    def inside(self, arguments):
        limit = ["prlimit", f"--nofile={self.descriptors}"] if self.descriptors else []
        return [*limit, *super().inside(arguments)]

    def memory(self):
        return memory_of(self.process.pid)

    def connections(self):
        """Sockets that the server has open (and a few other descriptors)."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class OverloadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if hard < CONNECTIONS + 1000:
            raise unittest.SkipTest(f"{CONNECTIONS} connections need as many descriptors, and {hard} are allowed")

    def serve(self, *options, **more):
        server = Server(*options, **more)
        self.addCleanup(server.close)
        return server

    def client(self, server, **options):
        client = Client(server, **options)
        self.addCleanup(client.close)
        return client

    def many(self, count, make):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda _: make(), range(count)))

    def must(self, client, *request):
        status, _, body = client.ask(*request)
        self.assertLess(status, 300, body)
        return json.loads(body)

    def seconds_of(self, client, *request):
        begin = time.monotonic()
        self.must(client, *request)
        return time.monotonic() - begin

    def note_latency(self, what, client):
        """Of a client that has nothing to do with the others."""
        seconds = sorted(self.seconds_of(client, "GET", "/api/v1/namespaces/default") for _ in range(200))
        note(f"{what}: GET p50 {seconds[100] * 1000:.2f} ms, p99 {seconds[198] * 1000:.2f} ms")

    def test_idle_connections(self):
        def idle(client):
            self.must(client, "GET", "/version")

        self.check_idle("idle", idle)

    def test_idle_watchers(self):
        self.check_idle("watching", lambda client: client.watch(1))

    def check_idle(self, what, prepare):
        server = self.serve()
        self.must(self.client(server), "GET", CONFIG_MAPS)

        def opened():
            client = self.client(server)
            prepare(client)
            return client

        before, begin = server.memory(), time.monotonic()
        clients = self.many(CONNECTIONS, opened)
        took, after = time.monotonic() - begin, server.memory()
        each = (after - before) / CONNECTIONS
        note(f"{CONNECTIONS} connections, {what}: {took:.1f} s to open, {each / KIB:.1f} KiB each, {after / KIB / KIB:.0f} MiB in all")
        self.assertLess(each, IDLE_CONNECTION_BYTES)
        # Idle ones are closed after 90 s, so that a slow machine must not take longer to open them.
        self.assertGreater(server.connections(), CONNECTIONS)
        self.note_latency(f"with {CONNECTIONS} connections, {what}", self.client(server))
        for client in clients:
            client.close()
        wait_for("the server has closed them, too", lambda: server.connections() < 200)

    def test_more_connections_than_descriptors(self):
        """They are refused at once; who is there is served, and the disk, too, has its descriptors."""
        server = self.serve(descriptors=600)
        clients, refused = [], 0
        for _ in range(400):
            begin = time.monotonic()
            try:
                clients.append(self.client(server))
            except OSError:
                refused += 1
                self.assertLess(time.monotonic() - begin, 5)
        self.assertGreater(refused, 50)
        self.assertGreater(len(clients), 200)
        self.assertLess(server.connections(), 500)
        self.must(clients[0], "POST", CONFIG_MAPS, config_map("a", "text"))
        self.must(clients[-1], "GET", f"{CONFIG_MAPS}/a")
        for client in clients[:100]:
            client.close()
        self.assertTrue(wait_for("a new client is served", lambda: self.is_served(server)))

    def is_served(self, server):
        try:
            return self.must(self.client(server), "GET", "/version")
        except OSError:
            return None

    def test_slow_watchers(self):
        server = self.serve()
        writer = self.client(server)
        begin = self.must(writer, "GET", f"{CONFIG_MAPS}?limit=1")["metadata"]["resourceVersion"]
        attentive = self.client(server)
        attentive.watch(begin)
        seen = attentive.events()

        def slow():
            client = self.client(server, receive_buffer=4 * KIB)
            client.watch(begin)
            return client

        watchers = self.many(SLOW_WATCHERS, slow)
        connections = server.connections()
        before, kernel_before = server.memory(), memory_of_sockets()
        names, latencies = [f"event-{i}" for i in range(50)], []
        for name in names:
            start = time.monotonic()
            self.must(writer, "POST", CONFIG_MAPS, config_map(name, "x" * 100 * KIB))
            self.assertEqual(next(seen)["object"]["metadata"]["name"], name)
            latencies.append(time.monotonic() - start)
        stored = 2 * len(names) * 100 * KIB  # and what writing them took
        each = (server.memory() - before - stored) / SLOW_WATCHERS
        kernel = (memory_of_sockets() - kernel_before) / SLOW_WATCHERS
        note(f"{SLOW_WATCHERS} slow watchers: {each / KIB:.0f} KiB each, and {kernel / KIB:.0f} KiB in the kernel; "
             f"write to event at another, p50 {sorted(latencies)[len(latencies) // 2] * 1000:.2f} ms, max {max(latencies) * 1000:.2f} ms")
        self.assertLess(each, SLOW_WATCHER_BYTES)
        self.assertLess(kernel, SLOW_WATCHER_KERNEL_BYTES)

        if FULL:
            wait_for("the slow are cut off", lambda: server.connections() < connections - SLOW_WATCHERS + 10)
        # What one has got is a beginning of all, without a gap; and it goes on where that ends.
        late = []
        with contextlib.suppress(ValueError):  # the end of what was sent, in the middle of an event
            for event in watchers[0].events():
                late.append(event["object"]["metadata"])
                if not FULL and len(late) == 5:
                    break
        self.assertEqual([metadata["name"] for metadata in late], names[:len(late)])
        resumed = self.client(server)
        resumed.watch(late[-1]["resourceVersion"] if late else begin)
        rest = resumed.events()
        self.assertEqual([next(rest)["object"]["metadata"]["name"] for _ in names[len(late):]], names[len(late):])

    def test_flood(self):
        """Who takes all that there is gets 429, and everybody else an answer."""
        tokens = self.enterContext(contextlib.closing(TokenFile(
            "flood,flooder,1", "other,other,2", "node,system:node:n1,3,\"system:nodes\""))).path
        server = self.serve("--token-auth-file", tokens, "--max-requests-inflight", "40")
        writer = self.client(server)
        for i in range(20):
            self.must(writer, "POST", CONFIG_MAPS, config_map(f"large-{i}", "x" * 100 * KIB))
        # Answers that nobody reads keep their seats.
        flood = [self.client(server, receive_buffer=4 * KIB) for _ in range(60)]
        for client in flood:
            client.send("GET", CONFIG_MAPS, token="flood")
        statuses = [client.answer() for client in flood]
        refused = [answer for answer in statuses if answer.status == 429]
        self.assertEqual(len(statuses) - len(refused), 30)
        self.assertEqual({answer.headers["Retry-After"] for answer in refused}, {"1"})
        for token in ("other", "node"):
            self.assertEqual(self.client(server).ask("GET", "/version", None, token)[0], 200, token)
        self.assertEqual(writer.ask("GET", "/version")[0], 200)
        # Writing has seats of its own.
        self.must(self.client(server), "POST", CONFIG_MAPS, config_map("small", "x"))


class TokenFile:
    """For --token-auth-file."""

    def __init__(self, *lines):
        self.directory = tempfile.TemporaryDirectory(prefix="skiff-e2e-")
        self.path = os.path.join(self.directory.name, "tokens")
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def close(self):
        self.directory.cleanup()


if __name__ == "__main__":
    unittest.main()
