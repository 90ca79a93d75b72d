#!/usr/bin/env python3
"""eshi-cli as people meet it: what goes wrong is one sentence and an exit status, and leaves nothing behind.

test-cli.py ESHI_CLI [arguments|model|NAME…]
    writes TAP: the cases about arguments, those that need a model ($ESHI_MODEL_DIR/mame), the named ones, or all

SPDX-License-Identifier: MIT
"""

import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

CLI = str(Path(sys.argv[1]).resolve())
MODEL = Path(os.environ.get("ESHI_MODEL_DIR", "/nonexistent")) / "mame"
SMALL = ["--width", "64", "--height", "64", "--steps", "2"]
OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
TIMEOUT_S = 120


class Case:
    """A folder of its own, and a way to run the program in it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.env = dict(os.environ, LC_ALL="C.UTF-8", HOME=folder, XDG_DATA_HOME=f"{folder}/data")
        self.env.setdefault("XDG_CACHE_HOME", f"{folder}/cache")
        self.env.pop("ESHI_BACKEND", None)
        self.env.pop("LANGUAGE", None)

    def run(self, *args, env=None, **kwargs):
        return subprocess.run([CLI, *args], cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True,
                              timeout=TIMEOUT_S, **kwargs)

    def refuse(self, status, *args, env=None, words=""):
        """ARGS must fail with STATUS and one sentence that has WORDS in it, and leave no file behind."""
        before = self.files()
        result = self.run(*args, env=env)
        errors = result.stderr.decode()
        assert result.returncode == status, f"{args}: exit status {result.returncode}, not {status}: {errors}"
        assert errors.count("\n") == 1 and errors.endswith((".\n", "。\n")), f"{args}: not one sentence: {errors!r}"
        assert words in errors, f"{args}: no {words!r} in {errors!r}"
        assert result.stdout == b"", f"{args}: {result.stdout!r} on standard output"
        assert self.files() == before, f"{args}: left {self.files() - before} behind"

    def succeed(self, *args, env=None):
        result = self.run(*args, env=env)
        assert result.returncode == OK, f"{args}: exit status {result.returncode}: {result.stderr.decode()}"
        return result

    def files(self):
        """All but the history, which may have been opened before a picture failed."""
        return {str(path) for path in self.folder.rglob("*") if self.folder / "data" not in [path, *path.parents]}


def chunks(path):
    """The chunks of a PNG file before its pixels."""
    data, at = path.read_bytes(), 8
    while data[at + 4:at + 8] != b"IDAT":
        size = struct.unpack(">I", data[at:at + 4])[0]
        yield data[at + 4:at + 8], data[at + 8:at + 8 + size]
        at += size + 12


def pixels(path):
    """The compressed pixels, without the settings beside them."""
    return path.read_bytes().partition(b"IDAT")[2]


def copy_model(folder):
    """A model whose files are links, so that single ones can be replaced."""
    for source in MODEL.rglob("*"):
        target = folder / source.relative_to(MODEL)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source.resolve())
    return folder


def read_f32(path, name):
    """One f32 tensor of a safetensors file: its shape and its values."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    entry = json.loads(data[8:8 + size])[name]
    start, end = entry["data_offsets"]
    assert entry["dtype"] == "F32"
    return entry["shape"], struct.unpack(f"<{(end - start) // 4}f", data[8 + size + start:8 + size + end])


def write_png(path, width, height, pixel):
    """A PNG file of RGB pixels that pixel(x, y) gives."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
                     + chunk(b"IEND", b""))


# --- arguments that are wrong; no model needed ----------------------------------------------------------------------

def test_commands(case):
    case.refuse(USAGE)
    case.refuse(USAGE, "paint", words="paint")
    case.refuse(USAGE, "--nonsense")
    case.refuse(USAGE, "generate", "-p", "猫", "--nonsense", words="nonsense")
    case.refuse(USAGE, "generate", "-p", "猫", "too much", words="too much")
    case.refuse(USAGE, "models", "x")
    case.refuse(USAGE, "devices", "x")
    case.refuse(USAGE, "tokenize")
    case.refuse(USAGE, "tokenize", "a", "b", "-p", "猫")
    case.refuse(USAGE, "probe")
    case.refuse(USAGE, "bench", "x")


def test_help(case):
    assert b"generate" in case.succeed("--help").stdout
    assert b"--seed" in case.succeed("generate", "--help").stdout
    assert case.succeed("--version").stdout.startswith(b"eshi-cli ")
    assert b"ref" in case.succeed("devices").stdout


def test_numbers(case):
    bad = {
        "--width": ["0", "-8", "8", "63", "100", "2056", "99999999999", "abc", ""],
        "--height": ["0", "-64", "65", "4096", "1e3"],
        "--steps": ["0", "-1", "1001", "2.5", "x"],
        "--guidance": ["0", "-1", "0.5", "31", "nan", "inf", "x"],
        "--seed": ["-1", "4294967296", "99999999999999999999", "1.5", "abc", ""],
        "--count": ["0", "-1", "65", "x"],
        "--threads": ["0", "-1", "99999", "x"],
        "--sampler": ["nope", "", "\udcff"],
        "--rng": ["dice", ""],
        "--safety": ["maybe", "", "ON", "1"],
        "--watermark": ["maybe", "", "\udcff"],
        "--vae-tiling": ["maybe", ""],
    }
    for option, values in bad.items():
        for value in values:
            case.refuse(USAGE, "generate", "-p", "猫", "-o", "a.png", f"{option}={value}")
    case.refuse(USAGE, "generate", "-p", "猫", "--seed", "4294967295", "-n", "2", words="4294967294")
    case.refuse(USAGE, "generate", "-p", "猫", "--clip-skip", "0", words="--clip-skip")
    case.refuse(USAGE, "generate", "-p", "猫", "--guidance-stop", "0", words="--guidance-stop")
    case.refuse(USAGE, "generate", "-p", "猫", "--guidance-stop", "1.5", words="1.5")
    case.refuse(USAGE, "generate", "-p", "猫", "--clip-skip", "13", words="12")
    case.refuse(USAGE, "generate", "-p", "猫", "--emphasis", "loud", words="no-norm")


def test_texts(case):
    case.refuse(USAGE, "generate", "-o", "a.png")
    case.refuse(USAGE, "generate", "-p", "a", "--prompts", "b", "-o", "a.png")
    case.refuse(USAGE, "generate", "-p", b"\xff\xfe", "-o", "a.png", words="UTF-8")
    case.refuse(USAGE, "generate", "--prompts", "missing.txt", "-o", "a.png")
    case.refuse(USAGE, "generate", "--prompts", ".", "-o", "a.png")
    (case.folder / "empty.txt").write_text("\n \n", encoding="utf-8")
    (case.folder / "binary.txt").write_bytes(b"\xff\x00\xfe")
    case.refuse(USAGE, "generate", "--prompts", "empty.txt", "-o", "a.png")
    case.refuse(USAGE, "generate", "--prompts", "binary.txt", "-o", "a.png")
    case.refuse(USAGE, "generate", "-p", "a", "--previews", ".", "--no-previews", "-o", "a.png")
    case.refuse(USAGE, "generate", "-p", "a", "--preview-kind", "rgb", "-o", "a.png", words="--previews")
    case.refuse(USAGE, "generate", "-p", "a", "--previews", ".", "--preview-kind", "none", "-o", "a.png", words="taesd")
    case.refuse(USAGE, "generate", "-p", "a", "--preview-every", "2", "-o", "a.png", words="--previews")
    for bad in ["0", "-1", "1001", "x"]:
        case.refuse(USAGE, "generate", "-p", "a", "--previews", ".", f"--preview-every={bad}", "-o", "a.png")


def test_images(case):
    write_png(case.folder / "in.png", 100, 75, lambda x, y: (x, y, 0))
    write_png(case.folder / "other.png", 75, 100, lambda x, y: (x, y, 0))
    whole = (case.folder / "in.png").read_bytes()
    (case.folder / "half.png").write_bytes(whole[:len(whole) // 2])
    (case.folder / "huge.png").write_bytes(whole[:16] + struct.pack(">II", 2**30, 2**30) + whole[24:])
    (case.folder / "text.png").write_text("not a picture", encoding="utf-8")
    base = ["generate", "-p", "猫", "-o", "a.png"]
    for bad in ["missing.png", "half.png", "huge.png", "text.png", ".", ""]:
        case.refuse(USAGE, *base, "--image", bad)
        case.refuse(USAGE, *base, "--image", "in.png", "--mask", bad)
    for strength in ["-0.1", "1.1", "nan", "inf", "x", ""]:
        case.refuse(USAGE, *base, "--image", "in.png", f"--strength={strength}")
    case.refuse(USAGE, *base, "--strength", "0.5", words="--image")
    case.refuse(USAGE, *base, "--mask", "in.png", words="--image")
    case.refuse(USAGE, *base, "--no-paste", words="--image")
    case.refuse(USAGE, *base, "--image", "in.png", "--mask", "other.png", words="75 × 100")


def test_show(case):
    data = Path(__file__).resolve().parent.parent / "store" / "data"
    shown = case.succeed("show", str(data / "meta-webui.png")).stdout.decode()
    assert "猫の絵" in shown and "18446744073709551615" in shown, shown
    report = json.loads(case.succeed("show", "--json", str(data / "meta-comfy.png")).stdout)
    assert report["program"] == "ComfyUI" and report["settings"]["sampler"] == "euler-a", report
    assert report["settings"]["height"] == 768 and "workflow" in report["texts"], report
    case.refuse(FAILED, "show", str(data / "gray.png"), words="gray.png")
    case.refuse(FAILED, "show", "missing.png", words="missing.png")
    case.refuse(FAILED, "show", __file__)
    case.refuse(USAGE, "show")
    case.refuse(USAGE, "show", "a.png", "b.png")
    case.refuse(USAGE, "generate", "--from", str(data / "gray.png"), "-o", "a.png")
    case.refuse(USAGE, "generate", "--from", "missing.png", "-o", "a.png", words="missing.png")


def test_places(case):
    (case.folder / "file").write_text("x", encoding="utf-8")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "no/such/folder/a.png", words="a.png")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "file/a.png")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", ".")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "/dev/null")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "/proc/a.png")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "--previews", "no/such")


def test_models_missing(case):
    (case.folder / "hollow").mkdir()
    (case.folder / "file").write_text("x", encoding="utf-8")
    for model in ["missing", "hollow", "file", "", "/dev/null"]:
        case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "-m", model)
        case.refuse(FAILED, "bench", "-m", model)
        case.refuse(FAILED, "tokenize", model, "-p", "猫")
    env = {"ESHI_MODEL_DIR": str(case.folder / "hollow")}
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", env=env)
    case.refuse(FAILED, "tokenize", "-p", "猫", env=env)
    (case.folder / "hollow" / "model_index.json").write_text("[" * 100000, encoding="utf-8")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "-m", "hollow", words="model_index.json")
    (case.folder / "hollow" / "model_index.json").write_text("{}", encoding="utf-8")
    case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "-m", "hollow")


def test_noise(case):
    """The first values that torch.randn gives for a CPU generator of seed 42 and shape (1, 4, 64, 64)."""
    case.succeed("probe", "--stage", "noise", "--seed", "42", "--rng", "cpu", "--shape", "1,4,64,64", "--output", "n.st")
    shape, values = read_f32(case.folder / "n.st", "noise")
    assert shape == [1, 4, 64, 64]
    expected = [1.9269153, 1.4872841, 0.90071720, -2.1055210, 0.67841846, -1.2345449, -0.04306748, -1.6046669]
    assert all(abs(a - b) < 2e-6 for a, b in zip(values, expected)), values[:8]
    assert abs(sum(values) - 149.7648) < 0.01
    case.succeed("probe", "--stage", "noise", "--seed", "0", "--rng", "philox", "--shape", "16384", "--output", "p.st")
    assert abs(read_f32(case.folder / "p.st", "noise")[1][0] + 0.9246624) < 2e-6

    base = ["probe", "--stage", "noise", "--seed", "1"]
    for shape in ["", "0", "-1", "1,2,x", "1,2,3,4,5,6,7,8,9", "1000000,1000000", "9223372036854775807,2"]:
        case.refuse(USAGE, *base, "--shape", shape, "--output", "x.st")
    case.refuse(USAGE, *base, "--output", "x.st")
    case.refuse(USAGE, *base, "--shape", "4")
    case.refuse(USAGE, *base, "--rng", "dice", "--shape", "4", "--output", "x.st")
    case.refuse(FAILED, *base, "--shape", "4", "--output", "no/such/x.st")


def test_probe_files(case):
    (case.folder / "model").mkdir()
    (case.folder / "bad.st").write_bytes(b"\xff" * 100)
    args = ["probe", "model", "--output", "x.st"]
    case.refuse(USAGE, *args, "--stage", "unet")
    case.refuse(USAGE, *args, "--stage", "nonsense", "--input", "bad.st")
    for stage in ["text", "unet", "vae-encode", "vae-decode"]:
        case.refuse(FAILED, *args, "--stage", stage, "--input", "missing.st", "--backend", "ref")
        case.refuse(FAILED, *args, "--stage", stage, "--input", "bad.st", "--backend", "ref")
    case.refuse(USAGE, *args, "--stage", "text", "--input", "bad.st", "--precision", "nope")
    case.refuse(USAGE, *args, "--stage", "text", "--input", "bad.st", "--backend", "nope")


# --- with a model ---------------------------------------------------------------------------------------------------

def test_backends(case):
    base = ["generate", "-p", "猫", "-o", "a.png", *SMALL]
    case.refuse(USAGE, *base, "--backend", "nope", words="nope")
    case.refuse(USAGE, *base, env={"ESHI_BACKEND": "nope"}, words="nope")
    case.refuse(USAGE, *base, "--precision", "nope", words="nope")
    plugins = {"ESHI_PLUGIN_DIR": str(case.folder)}
    (case.folder / "libeshi-cuda.so").write_text("not a library", encoding="utf-8")
    case.refuse(FAILED, *base, "--backend", "cuda", env=plugins, words="libeshi-cuda.so")
    assert b"libeshi-cuda.so" in case.succeed("devices", env=plugins).stdout


def test_damaged_models(case):
    files = {
        "unet/diffusion_pytorch_model.safetensors": None,
        "vae/diffusion_pytorch_model.safetensors": None,
        "text_encoder/model.safetensors": None,
        "tokenizer/spiece.model": None,
    }
    for name in files:
        whole = (MODEL / name).read_bytes()
        damages = [None, b"", whole[:7], whole[:len(whole) // 2], b"\xff" * 8 + whole[8:], b"\0" * len(whole)]
        for i, damage in enumerate(damages):
            model = copy_model(case.folder / f"{name.split('/')[0]}-{i}")
            (model / name).unlink()
            if damage is not None:
                (model / name).write_bytes(damage)
            case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "-m", str(model), "--backend", "ref", *SMALL)
    for name in ["unet/config.json", "vae/config.json", "text_encoder/config.json", "eshi.json", "model_index.json"]:
        model = copy_model(case.folder / name.replace("/", "-"))
        (model / name).unlink()
        (model / name).write_text('{"block_out_channels": ', encoding="utf-8")
        case.refuse(FAILED, "generate", "-p", "猫", "-o", "a.png", "-m", str(model), "--backend", "ref", *SMALL)


def test_same_bytes(case):
    base = ["generate", "-p", "サラリーマン 油絵", "--seed", "42", *SMALL]
    (case.folder / "previews").mkdir()
    assert case.succeed(*base, "-o", "a.png").stdout == b"a.png\n"
    case.succeed(*base, "-o", "b.png", "--previews", "previews")
    case.succeed(*base, "-o", "c.png", "--no-previews", "--quiet", env={"LC_ALL": "C"})
    a, b, c = ((case.folder / name).read_bytes() for name in ["a.png", "b.png", "c.png"])
    assert a == b == c
    assert any((case.folder / "previews").iterdir())
    texts = [body for kind, body in chunks(case.folder / "a.png") if kind == b"iTXt"]
    assert any(text.startswith(b"parameters\0") and "サラリーマン 油絵\nSteps: 2".encode() in text for text in texts)
    assert case.run(*base[:3], "--seed", "43", *SMALL, "-o", "d.png").returncode == OK
    assert (case.folder / "d.png").read_bytes() != a


def test_threads(case):
    """Sums are cut by shape, never by thread: the same bytes with each number, in each precision that there is."""
    base = ["generate", "-p", "サラリーマン 油絵", "--seed", "42", "--steps", "3"]
    case.succeed(*base, "--precision", "f32", "-o", "f32-1.png")
    precisions = ["f32"] + ["half"] * (case.run(*base, "--precision", "half", "-o", "half-1.png").returncode == OK)
    for precision in precisions:
        for threads in ["1", "2", "3"]:
            case.succeed(*base, "--precision", precision, "--threads", threads, "-o", f"{precision}-{threads}.png")
        assert len({(case.folder / f"{precision}-{n}.png").read_bytes() for n in (1, 2, 3)}) == 1, precision


def test_start(case):
    """From an image: its size, a picture of its own, the strength in the file; what the mask leaves is the image's."""
    write_png(case.folder / "in.png", 100, 75, lambda x, y: (2 * x, 3 * y, 99))
    write_png(case.folder / "mask.png", 100, 75, lambda x, y: (255 * (x >= 80),) * 3)
    base = ["generate", "-p", "猫", "--seed", "7", "--steps", "2", "--image", "in.png"]
    case.succeed(*base, "-o", "a.png", "--strength", "0.5")
    case.succeed(*base, "-o", "b.png", "--strength", "0.5")
    case.succeed(*base, "-o", "c.png", "--strength", "1")
    case.succeed(*base, "-o", "d.png", "--strength", "0.5", "--mask", "mask.png")
    case.succeed(*base, "-o", "e.png", "--strength", "0.5", "--mask", "mask.png", "--no-paste")
    case.succeed(*base, "-o", "f.png", "--strength", "0", "--width", "128")
    assert struct.unpack(">II", (case.folder / "f.png").read_bytes()[16:24]) == (128, 96)
    pictures = {name: (case.folder / f"{name}.png").read_bytes() for name in "abcdef"}
    assert pictures["a"] == pictures["b"]
    assert len({pictures[name] for name in "acde"}) == 4
    assert struct.unpack(">II", pictures["a"][16:24]) == (96, 72)
    texts = [body for kind, body in chunks(case.folder / "a.png") if kind == b"iTXt"]
    assert any(b"Denoising strength: 0.5" in text for text in texts)
    case.refuse(USAGE, *base, "-o", "g.png", "--width", "2048", "--height", "8")


def test_from(case):
    """A picture painted from another's settings is that picture; an option counts for more than they do."""
    data = Path(__file__).resolve().parent.parent / "store" / "data"
    case.succeed("generate", "-p", "猫, \"油絵\"\n🍣", "--seed", "42", "--sampler", "euler", *SMALL, "-o", "a.png")
    assert b"instead" not in case.succeed("generate", "--from", "a.png", "-o", "b.png").stderr
    assert (case.folder / "a.png").read_bytes() == (case.folder / "b.png").read_bytes()
    case.succeed("generate", "--from", "a.png", "--seed", "43", "-o", "c.png")
    report = json.loads(case.succeed("show", "--json", "c.png").stdout)
    assert report["settings"]["seed"] == 43 and report["settings"]["prompt"] == "猫, \"油絵\"\n🍣", report
    case.succeed("generate", "--from", "a.png", "--sampler", "heun", "--schedule", "karras", "-o", "e.png")
    assert json.loads(case.succeed("show", "--json", "e.png").stdout)["schedule"] == "karras"
    missing = case.succeed("generate", "--from", str(data / "meta-invoke.png"), "-q", "-o", "d.png", *SMALL)
    assert missing.stderr.decode().count("\n") == 1 and "v1-5" in missing.stderr.decode(), missing.stderr


def add_checker(model):
    """Puts a small safety checker, which flags everything, into the folder of a model."""
    golden = Path(__file__).resolve().parent.parent / "golden" / "safety" / "new-names"
    weights = bytearray((golden / "model.safetensors").read_bytes())
    size = struct.unpack("<Q", weights[:8])[0]
    start, end = json.loads(weights[8:8 + size])["concept_embeds_weights"]["data_offsets"]
    weights[8 + size + start:8 + size + end] = struct.pack("<e", -2.0) * ((end - start) // 2)
    (model / "safety_checker").mkdir()
    (model / "safety_checker" / "model.safetensors").write_bytes(weights)
    shutil.copy(golden / "config.json", model / "safety_checker")
    index = json.loads((model / "model_index.json").read_text(encoding="utf-8"))
    index["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    (model / "model_index.json").unlink()
    (model / "model_index.json").write_text(json.dumps(index), encoding="utf-8")


def test_withheld(case):
    """A withheld picture is black, says so, and is none of the next picture's business."""
    model = copy_model(case.folder / "guarded")
    add_checker(model)
    base = ["generate", "-p", "猫", "--seed", "7", *SMALL]
    result = case.succeed(*base, "-m", str(model), "-o", "a.png")
    assert "withheld" in result.stderr.decode() and result.stderr.endswith(b".\n"), result.stderr
    report = json.loads(case.succeed("show", "--json", "a.png").stdout)
    assert report["settings"]["withheld"] and report["settings"]["safety"] == "on", report
    assert report["settings"]["watermark"] == "off" and report["watermark"] == "", report
    assert "Eshi guard: safety=on watermark=off withheld" in report["texts"]["parameters"], report
    assert b"Safety checker: withheld" in case.succeed("show", "a.png").stdout
    pixels = (case.folder / "a.png").read_bytes()
    at = pixels.index(b"IDAT")
    size = struct.unpack(">I", pixels[at - 4:at])[0]
    assert not any(zlib.decompress(pixels[at + 4:at + 4 + size])[1:64 * 3 + 1])

    case.succeed(*base, "-m", str(model), "--safety", "off", "-o", "b.png")
    case.succeed(*base, "-o", "c.png")
    case.succeed("generate", "--from", "a.png", "-m", str(MODEL), "-o", "d.png")
    pictures = [(case.folder / name).read_bytes() for name in ["b.png", "c.png", "d.png"]]
    assert pictures[1] == pictures[2]
    assert pictures[0][pictures[0].index(b"IDAT"):] == pictures[1][pictures[1].index(b"IDAT"):]
    case.refuse(FAILED, *base, "--safety", "on", "-o", "e.png", words="safety checker")


def test_watermark(case):
    base = ["generate", "-p", "猫", "--seed", "7", "--steps", "1"]
    case.refuse(USAGE, *base, "--width", "128", "--height", "128", "--watermark", "on", "-o", "a.png", words="256")
    case.succeed(*base, "--width", "256", "--height", "256", "--watermark", "on", "-o", "a.png")
    case.succeed(*base, "--width", "256", "--height", "256", "-o", "b.png")
    assert b"Watermark: StableDiffusionV1\n" in case.succeed("show", "a.png").stdout
    assert b"Watermark: none\n" in case.succeed("show", "b.png").stdout
    report = json.loads(case.succeed("show", "--json", "a.png").stdout)
    assert report["watermark"] == "StableDiffusionV1" and report["settings"]["watermark"] == "on", report


def test_hash(case):
    """Pictures say which model painted them, and --from finds it under another name."""
    folder = case.folder / "data" / "eshi" / "models"
    copy_model(folder / "写し")
    (folder / "写し" / "eshi.json").unlink()
    weights = folder / "写し" / "vae" / "diffusion_pytorch_model.safetensors"
    data = weights.read_bytes()
    weights.unlink()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    want = {model["path"]: model["sha256"] for model in json.loads(case.succeed("models", "--hash", "--json").stdout)}
    listed = "".join(f"{hashlib.sha256((MODEL / name).read_bytes()).hexdigest()}  {name}\n" for name in (
        "text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors"))
    mame = hashlib.sha256(listed.encode()).hexdigest()
    other = want[str(folder / "写し")]
    assert mame in want.values() and other != mame, want
    assert mame in case.succeed("models", "--hash").stdout.decode()
    case.succeed("generate", "-p", "猫", "--seed", "1", "-m", str(folder / "写し"), "-o", "a.png", *SMALL)
    (folder / "写し").rename(folder / "別名")
    case.succeed("models", "--hash")
    case.succeed("generate", "--from", "a.png", "-o", "b.png")
    for name, model in (("a.png", "写し"), ("b.png", "別名")):
        found = json.loads(case.succeed("show", "--json", name).stdout)
        assert found["model_hash"] == other and found["settings"]["model"] == model, found
        assert any(f"Model hash: {other[:10]}, Model: {model}".encode() in text for _, text in chunks(case.folder / name))
    (folder / "別名" / "vae" / "diffusion_pytorch_model.safetensors").write_bytes(data)
    (folder / "別名").rename(folder / "写し")
    case.succeed("models", "--hash")
    result = case.succeed("generate", "--from", "a.png", "-q", "-o", "c.png").stderr.decode()
    assert result.count("\n") == 1 and "other weights" in result, result


def test_variation(case):
    """At a strength of 1 it is the picture of the other seed; a batch goes on with the variation's seed."""
    base = ["generate", "-p", "猫", "--sampler", "lms", *SMALL]
    case.succeed(*base, "--seed", "1", "-o", "one.png")
    case.succeed(*base, "--seed", "2", "-o", "two.png")
    case.succeed(*base, "--seed", "1", "--variation-seed", "2", "--variation-strength", "0", "-o", "none.png")
    case.succeed(*base, "--seed", "1", "--variation-seed", "2", "--variation-strength", "1", "-o", "all.png")
    assert pixels(case.folder / "none.png") == pixels(case.folder / "one.png")
    assert pixels(case.folder / "all.png") == pixels(case.folder / "two.png")
    case.succeed(*base, "--seed", "1", "--variation-seed", "2", "--variation-strength", "0.3", "-n", "2", "-o", "v.png")
    case.succeed(*base, "--seed", "1", "--variation-seed", "3", "--variation-strength", "0.3", "-o", "w.png")
    assert (case.folder / "v-2.png").read_bytes() == (case.folder / "w.png").read_bytes()
    case.succeed("generate", "--from", "v-2.png", "-o", "x.png")
    assert (case.folder / "x.png").read_bytes() == (case.folder / "w.png").read_bytes()
    case.succeed("generate", "--from", "one.png", "--variation-strength", "0.3", "-o", "y.png")
    assert pixels(case.folder / "y.png") != pixels(case.folder / "one.png")
    case.refuse(USAGE, *base, "--variation-seed", "2", "-o", "z.png", words="--variation-strength")
    case.refuse(USAGE, *base, "--variation-strength", "1.5", "-o", "z.png", words="1.5")


def write_rows(path, name, n, width):
    """A textual inversion: a safetensors file with the one tensor NAME."""
    header = json.dumps({name: {"dtype": "F32", "shape": [n, width], "data_offsets": [0, 4 * n * width]}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + struct.pack("<f", 0.5) * (n * width))


def test_prompts(case):
    """Brackets, long prompts and textual inversions, from the options to the picture and back."""
    def paint(name, *args):
        report = json.loads(case.succeed("generate", *args, "--seed", "1", *SMALL, "-o", f"{name}.png", "--json").stdout)
        return (case.folder / f"{name}.png").read_bytes().split(b"IDAT", 1)[1], report["pictures"][0]["settings"]

    plain, settings = paint("a", "-p", "猫と犬")
    assert settings["clip_skip"] == 1 and settings["emphasis"] == "original" and "embeddings" not in settings, settings
    assert paint("b", "-p", "猫と犬", "--emphasis", "off")[0] == plain
    assert paint("c", "-p", "(猫:1.5)と犬", "--emphasis", "ignore")[0] == plain
    weighted = paint("d", "-p", "(猫:1.5)と犬")[0]
    assert weighted != plain and paint("e", "-p", "(猫:1.5)と犬", "--emphasis", "no-norm")[0] not in (plain, weighted)
    skipped, settings = paint("f", "-p", "猫と犬", "--clip-skip", "2")
    assert skipped != plain and settings["clip_skip"] == 2
    assert b"Clip skip: 2" in (case.folder / "f.png").read_bytes()
    assert paint("g", "--from", "f.png")[0] == skipped
    draft, settings = paint("draft", "-p", "猫と犬", "--guidance-stop", "0.5")
    assert draft != plain and settings["guidance_stop"] == 0.5
    assert b"Guidance stop: 0.5" in (case.folder / "draft.png").read_bytes()
    assert paint("again", "--from", "draft.png")[0] == draft
    whole, settings = paint("whole", "-p", "猫と犬", "--guidance-stop", "1")
    assert whole == plain and "guidance_stop" not in settings
    long = "猫、" * 100
    assert paint("h", "-p", long)[0] != paint("i", "-p", long, "--emphasis", "off")[0]

    folder = case.folder / "data" / "eshi" / "embeddings"
    write_rows(folder / "絵風.safetensors", "emb_params", 2, 256)
    write_rows(folder / "other.safetensors", "<丸>", 1, 256)
    write_rows(folder / "wide.safetensors", "emb_params", 2, 768)
    assert paint("j", "-p", "猫と犬")[0] == plain
    styled, settings = paint("k", "-p", "絵風 猫", "--negative", "<丸>")
    assert sorted(settings["embeddings"]) == ["other", "絵風"], settings
    assert styled != plain and paint("l", "--from", "k.png")[0] == styled
    case.refuse(FAILED, "generate", "-p", "wide", *SMALL, "-o", "m.png", words="768")


def test_names(case):
    (case.folder / "prompts.txt").write_text("\ufeff猫\r\n\n犬 油絵\n", encoding="utf-8")
    case.succeed("generate", "-p", "猫", "-n", "2", "--seed", "7", "-o", "n.png", *SMALL)
    result = case.succeed("generate", "--prompts", "prompts.txt", "--seed", "7", "-o", "p.png", "--json", *SMALL)
    names = {path.name for path in case.folder.glob("*.png")}
    assert names == {"n-1.png", "n-2.png", "p-0001.png", "p-0002.png"}, names
    report = json.loads(result.stdout)
    assert report["files"] == ["p-0001.png", "p-0002.png"]
    assert [picture["settings"]["prompt"] for picture in report["pictures"]] == ["猫", "犬 油絵"]
    assert report["settings"]["seed"] == 7 and report["settings"]["width"] == 64
    assert report["timings"]["total"] > 0.0
    assert (case.folder / "n-1.png").read_bytes() != (case.folder / "n-2.png").read_bytes()


def test_random_seed(case):
    seeds = set()
    for name in ["a.png", "b.png"]:
        result = case.succeed("generate", "-p", "猫", "-o", name, "--json", *SMALL)
        seeds.add(json.loads(result.stdout)["settings"]["seed"])
    assert len(seeds) == 2, seeds
    assert str(seeds.pop()) not in case.succeed("generate", "-p", "猫", "-o", "c.png", *SMALL).stdout.decode()
    assert b"seed" in case.succeed("generate", "-p", "猫", "-o", "c.png", "--seed", "random", *SMALL).stderr


def test_pictures_folder(case):
    result = case.succeed("generate", "-p", "猫", "--seed", "5", *SMALL)
    path = Path(result.stdout.decode().rstrip("\n"))
    assert path.name == "0001-5.png" and path.parent.parent.name == "Eshi", path
    assert case.folder in path.parents and path.exists()


def test_interrupt(case):
    for number in [signal.SIGINT, signal.SIGTERM]:
        process = subprocess.Popen([CLI, "generate", "-p", "猫", "-n", "64", "--steps", "1000", "-o", "a.png"],
                                   cwd=case.folder, env=case.env, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        time.sleep(1.5)
        process.send_signal(number)
        out, err = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == INTERRUPTED, (process.returncode, err)
        assert out == b"" and err == b"", (out, err)
    assert not list(case.folder.glob("**/*.png")) and not list(case.folder.glob("**/.eshi*"))


def test_tokenize(case):
    embedded = case.succeed("tokenize", "-p", "サラリーマン 油絵").stdout.decode().split()
    assert case.succeed("tokenize", str(MODEL), "-p", "サラリーマン 油絵").stdout.decode().split() == embedded
    bare = case.succeed("tokenize", str(MODEL / "tokenizer" / "spiece.model"), "--prompt", "サラリーマン 油絵")
    assert bare.stdout.decode().split() == embedded
    assert embedded[-1] == "2" and len(embedded) >= 2
    assert case.succeed("tokenize", "-p", "").stdout == b"2\n"
    assert len(case.succeed("tokenize", "-p", "猫の絵" * 500).stdout.split()) == 77


def test_bench(case):
    report = json.loads(case.succeed("bench", "--steps", "1", "--json").stdout)
    for key in ["load_s", "text_s", "step_s", "decode_s", "total_s", "peak_rss_mb"]:
        assert report[key] > 0.0, (key, report)
    assert case.folder.exists() and not list(case.folder.glob("**/*.png"))


def check_whole(report, rows, n_runs):
    """A stage's run takes at least what its ops take at their fastest, and computes the same."""
    assert [row["stage"] for row in report["whole"]] == ["step", "decode"]
    for row in report["whole"]:
        total = rows[row["stage"], "total"]
        assert row["runs"] == n_runs
        assert total["ms"] <= row["best_ms"] * (1 + 1e-9) and row["best_ms"] <= row[f"{row['stage']}_ms"] <= row["worst_ms"]
        assert abs(row["gflop"] - total["gflop"]) < 1e-9 * total["gflop"], (row, total)
        assert abs(row["gflops"] - row["gflop"] / row[f"{row['stage']}_ms"] * 1000) < 1e-6 * row["gflops"]


def test_bench_ops(case):
    """Two pictures are twice the arithmetic of one, guidance is less than twice, and neither changes the decoder."""
    case.refuse(USAGE, "bench", "--batch", "2", words="--ops")
    case.refuse(USAGE, "bench", "--runs", "2", words="--ops")
    case.refuse(USAGE, "bench", "--ops", "--runs", "-1", words="--runs")
    case.refuse(USAGE, "bench", "--ops", "--runs", "1001", words="1000")
    case.refuse(USAGE, "bench", "--ops", "--batch", "17", words="16")
    case.refuse(USAGE, "bench", "--ops", "--batch", "-1", words="--batch")
    case.refuse(USAGE, "bench", "--ops", "--width", "65", words="65")
    small = ["bench", "--ops", "--json", "--width", "64", "--height", "64", "--runs", "3"]
    one, two, four = (json.loads(case.succeed(*small, "--batch", n).stdout) for n in ["1", "2", "4"])
    rows = [{(row["stage"], row["op"]): row for row in report["ops"]} for report in (one, two, four)]
    for op in ["conv2d", "attention"]:
        single, guided, pictures = (row["step", op]["gflop"] for row in rows)
        assert single < guided < 2 * single and pictures == 2 * guided, (single, guided, pictures)
    assert rows[0]["decode", "total"]["gflop"] == rows[1]["decode", "total"]["gflop"] == rows[2]["decode", "total"]["gflop"]
    for stage in ["step", "decode"]:
        kinds = [row for row in two["ops"] if row["stage"] == stage and row["op"] != "total"]
        assert abs(sum(row["ms"] for row in kinds) - rows[1][stage, "total"]["ms"]) < 1e-6
        assert sum(row["count"] for row in kinds) == rows[1][stage, "total"]["count"]
    check_whole(two, rows[1], 3)
    for row in two["ops"] + two["whole"]:
        assert ("peak_share" in row) == ("peak_gflops" in two and row["gflops"] > 0), row
        if "peak_share" in row:
            assert abs(row["peak_share"] - row["gflops"] / two["peak_gflops"]) < 1e-9, row
    if "peak_gflops" in two:
        assert two["peak_gflops"] == max(two["peak_before_gflops"], two["peak_after_gflops"])
    assert "conv2d" in case.succeed("bench", "--ops", "--width", "64", "--height", "64").stdout.decode()


def test_model_list(case):
    copy_model(case.folder / "data" / "eshi" / "models" / "写し")
    (case.folder / "data" / "eshi" / "models" / "broken").mkdir()
    models = json.loads(case.succeed("models", "--json").stdout)
    assert [model["embedded"] for model in models] == [True, False], models
    assert models[0]["width"] % 8 == 0 and models[0]["sampler"]
    assert models[1]["path"].endswith("写し")


def test_japanese(case):
    """Under a Japanese locale the same complaints are Japanese, as far as there is a catalogue."""
    env = {"LC_ALL": "ja_JP.UTF-8", "LANGUAGE": "ja"}
    for args in [["generate"], ["paint"], ["generate", "-p", "a", "--width", "100"],
                 ["generate", "-p", "a", "-m", "missing", "-o", "a.png"]]:
        errors = case.run(*args, env=env).stderr.decode()
        assert errors.endswith("。\n"), errors
        assert any("\u3040" <= c <= "\u30ff" for c in errors), errors


NO_MODEL = [test_commands, test_help, test_numbers, test_texts, test_images, test_show, test_places, test_models_missing,
            test_noise, test_probe_files]
WITH_MODEL = [test_backends, test_damaged_models, test_same_bytes, test_threads, test_start, test_from, test_prompts,
              test_hash, test_variation, test_withheld, test_watermark, test_names, test_random_seed,
              test_pictures_folder, test_interrupt, test_tokenize, test_bench, test_bench_ops,
              test_model_list]
WITH_CATALOGUE = [test_japanese]


def have_catalogue():
    folder = os.environ.get("ESHI_LOCALEDIR")
    locales = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower()
    return (folder is not None and (Path(folder) / "ja" / "LC_MESSAGES" / "eshi.mo").exists()
            and "ja_jp.utf8" in locales)


def why_not(test):
    if test in WITH_MODEL and not (MODEL / "model_index.json").exists():
        return "no model in $ESHI_MODEL_DIR/mame"
    if test in WITH_CATALOGUE and not have_catalogue():
        return "no Japanese catalogue in $ESHI_LOCALEDIR, or no ja_JP.UTF-8 locale"
    return None


def run(test):
    folder = tempfile.mkdtemp(prefix="eshi-cli-")
    try:
        test(Case(folder))
        return None
    except (AssertionError, subprocess.TimeoutExpired, KeyError, ValueError, OSError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    groups = {"arguments": NO_MODEL + WITH_CATALOGUE, "model": WITH_MODEL}
    every = NO_MODEL + WITH_MODEL + WITH_CATALOGUE
    wanted = sys.argv[2:]
    tests = groups[wanted[0]] if wanted and wanted[0] in groups else every
    tests = [t for t in tests if not wanted or wanted[0] in groups or t.__name__ in wanted]
    n_failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        name = "/eshi/cli/" + test.__name__.removeprefix("test_").replace("_", "-")
        reason = why_not(test)
        if reason is not None:
            print(f"ok {number} {name} # SKIP {reason}", flush=True)
            continue
        failure = run(test)
        n_failed += failure is not None
        for line in (failure or "").splitlines():
            print("# " + line)
        print(f"{'not ok' if failure else 'ok'} {number} {name}", flush=True)
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
