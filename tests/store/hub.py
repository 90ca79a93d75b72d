"""hub.py: a hub on loopback, with the faults that a test asks for. For tests of downloads; the standard library only.

It answers as Hugging Face's does: /api/models/REPO, /api/models/REPO/tree/REVISION?recursive=true, and
/REPO/resolve/REVISION/PATH, which sends large files on to another host (here: another port), where they are fetched.

SPDX-License-Identifier: MIT
"""

import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REPO = "rinna/japanese-stable-diffusion"
REVISION = "0123456789abcdef0123456789abcdef01234567"
SMALL = ["feature_extractor/preprocessor_config.json", "scheduler/scheduler_config.json", "text_encoder/config.json",
         "tokenizer/spiece.model", "tokenizer/tokenizer_config.json", "unet/config.json", "vae/config.json",
         "model_index.json", "LICENSE"]
WEIGHTS = ["text_encoder/pytorch_model.bin", "unet/diffusion_pytorch_model.bin", "vae/diffusion_pytorch_model.bin"]
UNWANTED = ["sd-v1.ckpt", "README.md", ".gitattributes", "unet/diffusion_flax_model.msgpack",
            "unet/diffusion_pytorch_model.fp16.bin", "vae/pytorch_model.bin.index.json"]
PIECE = 1 << 20


class Blob:
    """A file's contents: BLOCK again and again, SIZE bytes of it. Large ones cost no memory."""

    def __init__(self, size, block):
        self.size, self.block = size, block

    def read(self, start, end):
        while start < end:
            at = start % len(self.block)
            piece = self.block[at:at + end - start]
            yield piece
            start += len(piece)

    def sum(self, name):
        digest = hashlib.new(name, b"blob %d\0" % self.size if name == "sha1" else b"")
        for piece in self.read(0, self.size):
            digest.update(piece)
        return digest.hexdigest()


def text_blob(text):
    return Blob(len(text.encode()), text.encode() or b" ")


def weight_blob(name, size):
    return Blob(size, hashlib.shake_128(name.encode()).digest(PIECE))


class QuietServer(ThreadingHTTPServer):
    """Clients that go away in the middle are what the tests are about."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Hub:
    """Runs until it is closed. What it shall do wrong is in the fields; requests are counted by path in `seen`."""

    def __init__(self, weight_size=700 << 10):
        self.files = {name: text_blob(f'{{"name": "{name}"}}\n') for name in SMALL + UNWANTED}
        self.files.update({name: weight_blob(name, weight_size) for name in WEIGHTS})
        self.listed = {}            # path: size that the list states instead of the true one
        self.statuses = {}          # beginning of a path: list of (status, headers), one for each request; the last stays
        self.token = None           # that must come
        self.cut = None             # the connection ends after so many bytes of a weight file
        self.n_cuts = None          # that many times; None: for ever
        self.ranges = True
        self.wrong = set()          # paths that arrive with a byte turned over
        self.wrong_length = set()   # paths that the server announces one byte shorter
        self.drip = 0               # seconds between pieces of 16 KiB
        self.redirect = None        # where weight files are sent on to; None: the second port
        self.leaked = []            # Authorization headers that reached the second port
        self.seen = []
        self.n_sent = 0
        self.html = False
        self.servers = []
        self.url = self.start(True)
        self.cdn = self.start(False)

    def start(self, home):
        server = QuietServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": self, "home": home}))
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def tree(self):
        rows = [{"type": "directory", "oid": "0" * 40, "size": 0, "path": "unet"}]
        for path, blob in self.files.items():
            size = self.listed.get(path, blob.size)
            row = {"type": "file", "oid": blob.sum("sha1"), "size": size, "path": path}
            if path in WEIGHTS:
                row["lfs"] = {"oid": blob.sum("sha256"), "size": size, "pointerSize": 134}
            rows.append(row)
        return rows


class Handler(BaseHTTPRequestHandler):
    """One connection; `hub` and `home` are set by Hub.start."""

    protocol_version = "HTTP/1.1"
    hub, home = None, True

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def say(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):  # noqa: N802  the name is http.server's
        hub, path = self.hub, self.path.split("?")[0]
        hub.seen.append(self.path)
        try:
            if not self.home:
                if "Authorization" in self.headers:
                    hub.leaked.append(self.headers["Authorization"])
                self.send_file(path[1:])
                return
            for start, answers in hub.statuses.items():
                if path.startswith(start) and answers:
                    answer = answers.pop(0) if len(answers) > 1 else answers[0]
                    if answer is not None:
                        self.say(*answer)
                        return
            if hub.token is not None and self.headers.get("Authorization") != f"Bearer {hub.token}":
                self.say(401, {"X-Error-Code": "GatedRepo" if "Authorization" not in self.headers else "Unknown"})
                return
            self.answer(path)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, path):
        hub = self.hub
        if hub.html:
            self.say(200, {"Content-Type": "text/html"}, b"<html>Welcome to the hotel</html>")
        elif path == f"/api/models/{REPO}":
            body = {"sha": REVISION, "gated": "auto", "cardData": {"license": "creativeml-openrail-m"},
                    "siblings": [{"rfilename": name} for name in hub.files]}
            self.say(200, {}, json.dumps(body).encode())
        elif path == f"/api/models/{REPO}/tree/{REVISION}":
            self.say(200, {}, json.dumps(hub.tree()).encode())
        elif path.startswith(f"/{REPO}/resolve/{REVISION}/"):
            name = path.split(REVISION + "/")[1]
            if name in WEIGHTS:
                self.say(302, {"Location": hub.redirect or f"{hub.cdn}/{name}"})
            else:
                self.send_file(name)
        else:
            self.say(404, {})

    def send_file(self, name):
        hub, blob = self.hub, self.hub.files[name]
        start, etag = 0, f'"{blob.size}-{name}"'
        asked = self.headers.get("Range")
        if asked and hub.ranges and self.headers.get("If-Range") in (None, etag):
            start = int(asked.split("=")[1].split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{blob.size - 1}/{blob.size}")
        else:
            self.send_response(200)
        length = blob.size - start - (name in hub.wrong_length)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", etag)
        self.end_headers()
        end = start + length
        cut = name in WEIGHTS and hub.cut is not None and hub.n_cuts != 0 and start + hub.cut < end
        if cut:
            end = start + hub.cut
            hub.n_cuts = None if hub.n_cuts is None else hub.n_cuts - 1
        for piece in blob.read(start, end):
            self.send_piece(name, piece)
        if cut:
            self.close_connection = True

    def send_piece(self, name, piece):
        hub = self.hub
        if name in hub.wrong:
            piece = bytes([piece[0] ^ 1]) + piece[1:]
        step = 16 << 10 if hub.drip else len(piece)
        for at in range(0, len(piece), step):
            self.wfile.write(piece[at:at + step])
            hub.n_sent += len(piece[at:at + step])
            time.sleep(hub.drip)
