"""Lists machines, and makes, starts, uses, stops and removes one, by the HTTP API of `vmlet ui`."""

import json
import os
import pathlib
import urllib.request

URL = os.environ["VMLET_URL"]
TOKEN = pathlib.Path(os.environ["VMLET_TOKEN_FILE"]).read_text().strip()


def ask(path, body=None):
    """Sends a request. An action waits for its end, for at most two minutes."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Prefer": "wait=120"}
    with urllib.request.urlopen(urllib.request.Request(URL + path, data, headers)) as answer:
        return json.load(answer)


NAME = "example-py"
machines = ask("/v1/machines")["machines"]
print("machines:", ", ".join(one["name"] for one in machines) or "none")
print(ask("/v1/machines", {"name": NAME, "image": "micro"})["command"])
started = ask(f"/v1/machines/{NAME}/start", {})
print(f"{started['command']}: {started['operation']['state']}")
print("uname -sm:", ask(f"/v1/machines/{NAME}/exec", {"argv": ["uname", "-sm"]})["stdout"].strip())
stopped = ask(f"/v1/machines/{NAME}/stop", {})
print(f"{stopped['command']}: {stopped['operation']['result']['description']}")
removed = ask(f"/v1/machines/{NAME}/remove", {"storage": True})
print(f"{removed['command']}: {removed['operation']['state']}")
