"""The field numbers and types in api/schemas against the descriptors of protocol buffers that a real kubectl carries.

Go keeps the descriptor of each generated.proto in the binary, gzipped. They are read here with a few lines instead of a library.
"""

import functools
import pathlib
import re
import unittest
import zlib

from harness import ROOT

KUBECTL = pathlib.Path("/usr/lib/google-cloud-sdk/bin/kubectl.1.32")
GZIP_OF_GO = re.compile(rb"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02?\xff")

REPEATED = 3  # FieldDescriptorProto.Label
# FieldDescriptorProto.Type, and how the schema language writes it.
SCALARS = {1: "double", 3: "int64", 5: "int32", 8: "bool", 9: "string", 12: "bytes"}
# Messages that the schema language has words for.
MESSAGES = {
    "Time": {"time"},
    "MicroTime": {"microtime"},
    "Duration": {"duration"},
    "Quantity": {"quantity"},
    "IntOrString": {"intorstring"},
    "RawExtension": {"object"},
    "FieldsV1": {"object"},
    "ExtraValue": {"[]string"},
}
# Fields whose name in JSON is not that in the descriptor.
RENAMED = {"uID": "uid", "aPIGroup": "apiGroup"}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(message):
    """(number, value) of each field of a message: numbers as int, all that has a length as bytes."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = varint(message, at)
        elif wire == 2:
            length, at = varint(message, at)
            value = message[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {wire}")
        yield number, value


def name_of(descriptor):
    return next(value.decode() for number, value in fields(descriptor) if number == 1)


def type_words(member, nested):
    """How the schema language may write the type of a FieldDescriptorProto."""
    if member[5] in SCALARS:
        words = {SCALARS[member[5]]}
    else:
        name = member[6].decode().rpartition(".")[2]
        if name in nested:  # the entries of a map
            value = next(dict(fields(field)) for number, field in fields(nested[name]) if number == 2 and name_of(field) == "value")
            return {"{}" + word for word in type_words(value, {})}
        words = MESSAGES.get(name, {name})
    return {"[]" + word for word in words} if member[4] == REPEATED else words


def described(file_descriptor):
    """The messages of a FileDescriptorProto: full name -> {field: (number, words for its type, full name of a message)}."""
    parts = list(fields(file_descriptor))
    package = next(value.decode() for number, value in parts if number == 2)
    messages = {}
    for message in (value for number, value in parts if number == 4):
        nested = {name_of(value): value for number, value in fields(message) if number == 3}
        members = {}
        for member in (dict(fields(value)) for number, value in fields(message) if number == 2):
            name = member[1].decode()
            target = member.get(6, b"").decode().removeprefix(".")
            members[RENAMED.get(name, name)] = (str(member[3]), type_words(member, nested), target)
        messages[f"{package}.{name_of(message)}"] = members
    return messages


@functools.cache
def upstream():
    """All messages of all generated.proto files inside of kubectl."""
    binary = KUBECTL.read_bytes()
    messages = {}
    for found in GZIP_OF_GO.finditer(binary):
        try:
            content = zlib.decompressobj(wbits=31).decompress(binary[found.start() : found.start() + (1 << 20)])
        except zlib.error:
            continue
        if b"generated.proto" in content[:200]:
            messages.update(described(content))
    return messages


@functools.cache
def ours():
    """The types of api/schemas: full name -> {field: (number as written, type)}. Without those made "as" others."""
    types = {}
    for path in sorted((ROOT / "api/schemas").glob("*.schema")):
        for line in path.read_text().splitlines():
            line = line.split('"')[0]
            if match := re.match(r"package io\.(\S+)", line):
                package = match[1].replace("k8s.", "k8s.io.", 1)
            elif match := re.match(r"(?:type|kind) (\S+)(.* as )?", line):
                members = {}
                if not match[2]:
                    types[f"{package}.{match[1]}"] = members
            elif match := re.match(r"  (\S+) +(\S+).* @([0-9.]+)", line):
                members[match[1]] = (match[3], match[2].removesuffix("!"))
    return types


def as_in_json(message, numbers):
    """The fields of upstream's message: those of messages that JSON inlines with a number N.M, as `numbers` has some."""
    members = {}
    for name, (number, words, target) in message.items():
        if any(other.startswith(number + ".") for other in numbers):
            for inner, (inner_number, inner_words, _) in upstream()[target].items():
                members[inner] = (f"{number}.{inner_number}", inner_words)
        else:
            members[name] = (number, words)
    return members


def numbers_of(members):
    return {name: number for name, (number, _) in members.items()}


class ProtobufNumbers(unittest.TestCase):
    def test_every_type_has_the_fields_of_kubectl(self):
        if not KUBECTL.exists():
            self.skipTest(f"no {KUBECTL}")
        self.assertGreater(len(ours()), 250)
        for type_name, members in ours().items():
            with self.subTest(type_name):
                expected = as_in_json(upstream()[type_name], [number for number, _ in members.values()])
                self.assertEqual(numbers_of(members), numbers_of(expected))
                for name, (_, word) in members.items():
                    self.assertIn(word, expected[name][1], name)


if __name__ == "__main__":
    unittest.main()
