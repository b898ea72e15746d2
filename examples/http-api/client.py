"""Lists machines, and makes, starts, uses, stops and removes one, by the HTTP API of `vmlet ui`."""

import base64
import json
import os
import pathlib
import socket
import struct
import urllib.parse
import urllib.request

URL = os.environ["VMLET_URL"]
TOKEN = pathlib.Path(os.environ["VMLET_TOKEN_FILE"]).read_text().strip()


def ask(path, body=None):
    """Sends a request. An action waits for its end, for at most two minutes."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Prefer": "wait=120"}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers)) as answer:
        return json.load(answer)


def run(machine, *argv):
    """Runs a command in the guest, and returns its output: the binary messages of a WebSocket."""
    address = urllib.parse.urlsplit(URL)
    query = urllib.parse.urlencode([("argv", word) for word in argv])
    lines = [
        f"GET /v1/machines/{machine}/exec?{query} HTTP/1.1",
        f"Host: {address.netloc}",
        f"Authorization: Bearer {TOKEN}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        stream, output = connection.makefile("rb"), b""
        assert b" 101 " in stream.readline(), "the server has refused the WebSocket"
        while stream.readline() != b"\r\n":
            pass
        while True:
            opcode, length = stream.read(2)
            if length > 125:
                kind = ">H" if length == 126 else ">Q"
                (length,) = struct.unpack(kind, stream.read(struct.calcsize(kind)))
            message = stream.read(length)
            if opcode & 15 == 8:
                return output.decode().strip()
            output += message if opcode & 15 == 2 else b""


NAME = "example-py"
machines = ask("/v1/machines")["machines"]
print("machines:", ", ".join(one["name"] for one in machines) or "none")
print(ask("/v1/machines", {"name": NAME, "image": "micro"})["command"])
started = ask(f"/v1/machines/{NAME}/start", {})
print(f"{started['command']}: {started['operation']['state']}")
print("uname -sm:", run(NAME, "uname", "-sm"))
stopped = ask(f"/v1/machines/{NAME}/stop", {})
print(f"{stopped['command']}: {stopped['operation']['result']['description']}")
removed = ask(f"/v1/machines/{NAME}/remove", {"storage": True})
print(f"{removed['command']}: {removed['operation']['state']}")
