"""Times from a keystroke to what is wrong with a file of 5,000 lines: latency.py PATH_OF_ARCHC"""

import json
import statistics
import subprocess
import sys
import time

LINES = 5000
STROKES = 40


def network():
    """As a generator writes them: a layer with its norm and activation on each line, some named, with blocks and
    references."""
    lines = ["input: [3, 64, 64]", "classes: 10", "let: {width: 16}", "blocks:", "  unit(out, act=relu):"]
    lines += ["    - conv {out} 3x3 p1 bias=false -> bn -> {act}", "layers:", "  - conv {width} 3x3 p1 as stem"]
    while len(lines) < LINES - 2:
        number = len(lines)
        match number % 5:
            case 0:
                lines.append(f"  - unit {{width}} as unit{number}")
            case 1:
                lines.append(f"  - {{from: [unit{number - 1}, .], merge: add, name: sum{number}}}")
            case _:
                lines.append(f"  - conv 16 3x3 p1 bias=false -> bn -> relu as relu{number}")
    lines += ["  - global_avgpool -> flatten", "  - linear {classes}"]
    return "\n".join(lines) + "\n"


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "lsp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.last = 0

    def send(self, method, params, is_request=False):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if is_request:
            self.last += 1
            message["id"] = self.last
        body = json.dumps(message).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        length = 0
        while (line := self.process.stdout.readline().strip()) != b"":
            length = int(line.split(b":")[1])
        return json.loads(self.process.stdout.read(length))

    def request(self, method, params):
        self.send(method, params, is_request=True)
        while (message := self.read()).get("id") != self.last:
            pass
        return message["result"]

    def told(self, version):
        while (message := self.read()).get("params", {}).get("version") != version:
            pass
        return message["params"]["diagnostics"]


def main(program):
    text = network()
    server = Server(program)
    server.request("initialize", {"capabilities": {"general": {"positionEncodings": ["utf-8"]}}})
    server.send("initialized", {})
    uri = "file:///network.yaml"
    document = {"uri": uri, "languageId": "yaml", "version": 0, "text": text}
    start = time.perf_counter()
    server.send("textDocument/didOpen", {"textDocument": document})
    assert server.told(0) == []
    print(f"{text.count(chr(10))} lines, {len(text)} bytes: opened in {1e3 * (time.perf_counter() - start):.1f} ms")

    version, line = 0, LINES // 2
    written = text.split("\n")[line]
    times = {"right": [], "wrong": [], "everything": []}
    for stroke in range(STROKES):
        # A kernel that is too large for what is left of the map, and one that is not.
        for kind, new in [("wrong", written.replace("3x3", "99x99").replace("unit {", "unti {")), ("right", written)]:
            version += 1
            place = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 999}}
            name = {"uri": uri, "version": version}
            start = time.perf_counter()
            change = {"textDocument": name, "contentChanges": [{"range": place, "text": new}]}
            server.send("textDocument/didChange", change)
            found = server.told(version)
            times[kind].append(1e3 * (time.perf_counter() - start))
            assert bool(found) == (new != written), (new, found)
        # What an editor asks after each keystroke, all of it.
        start = time.perf_counter()
        name = {"uri": uri}
        whole = {"start": {"line": line, "character": 0}, "end": {"line": line + 60, "character": 0}}
        for method, params in [
            ("semanticTokens/full", {}),
            ("inlayHint", {"range": whole}),
            ("documentSymbol", {}),
            ("foldingRange", {}),
            ("codeAction", {"range": whole, "context": {"diagnostics": []}}),
            ("hover", {"position": {"line": line, "character": 8}}),
            ("completion", {"position": {"line": line, "character": 8}}),
        ]:
            server.request(f"textDocument/{method}", {"textDocument": name, **params})
        times["everything"].append(1e3 * (time.perf_counter() - start))
    for what, label in [
        ("right", "from a keystroke to no diagnostics"),
        ("wrong", "from a keystroke to a mistake"),
        ("everything", "colours, hints, outline, folding, fixes, hover and completion together"),
    ]:
        print(f"{label}: median {statistics.median(times[what]):.1f} ms, worst {max(times[what]):.1f} ms")


if __name__ == "__main__":
    main(sys.argv[1])
