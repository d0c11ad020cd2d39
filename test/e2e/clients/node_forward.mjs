// Forwards ports with npm's @kubernetes/client-node. Run by streaming_test.py inside the cluster's network namespace: the package's
// folder, NAMESPACE, POD; port 80 of the pod serves, on port 81 nobody listens. Prints the MD5 sum of what /big is.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';

const [packageFolder, namespace, pod] = process.argv.slice(2);
const k8s = await import(pathToFileURL(path.join(packageFolder, 'dist/index.js')));
const config = new k8s.KubeConfig();
config.loadFromDefault();

function gathered(stream) {
    const pieces = [];
    stream.on('data', (piece) => pieces.push(piece));
    return () => Buffer.concat(pieces);
}

// What the pod says to `request`, and why it could not be asked.
async function ask(port, request) {
    const output = new PassThrough();
    const errors = new PassThrough();
    const input = new PassThrough();
    const [said, failed] = [gathered(output), gathered(errors)];
    const socket = await new k8s.PortForward(config).portForward(namespace, pod, [port], output, errors, input);
    const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    input.write(request);
    await closed;
    return { answer: said(), failure: failed().toString() };
}

async function fetch(target) {
    const { answer, failure } = await ask(80, `GET ${target} HTTP/1.1\r\nHost: ${pod}\r\nConnection: close\r\n\r\n`);
    assert.equal(failure, '');
    const end = answer.indexOf('\r\n\r\n');
    assert.match(answer.subarray(0, end).toString(), /^HTTP\/1\.1 200 OK/);
    return answer.subarray(end + 4);
}

assert.match((await fetch('/')).toString(), /Hello from a pod\./);
assert.match((await ask(81, 'anybody?')).failure, /connection refused/i);
console.log(crypto.createHash('md5').update(await fetch('/big')).digest('hex'));
process.exit(0);
