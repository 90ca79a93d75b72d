#!/usr/bin/python3
"""One small model as a folder, as a single safetensors file and as a .ckpt: the same picture, byte for byte.

test-checkpoint.py ESHI_CLI
    writes TAP. The single files' names come from tests/golden/checkpoint-names.tsv, which diffusers' converter made;
    the pickle is written here opcode by opcode, as torch.save() writes it.

SPDX-License-Identifier: MIT
"""

import importlib.machinery
import importlib.util
import json
import math
import os
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy

TOP = Path(__file__).resolve().parent.parent.parent
CLI = str(Path(sys.argv[1]).resolve())
WIDTH = 64                     # of the text encoder: one head


def load_maker():
    """tools/make-random-model, with networks of the same shape as Stable Diffusion's but narrow ones."""
    loader = importlib.machinery.SourceFileLoader("maker", str(TOP / "tools" / "make-random-model"))
    maker = importlib.util.module_from_spec(importlib.util.spec_from_loader("maker", loader))
    sys.dont_write_bytecode = True
    loader.exec_module(maker)
    maker.UNET, maker.VAE, maker.CROSS, maker.TEMB = (32, 64, 64, 64), (32, 64, 96, 96), WIDTH, 128
    return maker


def make_folder(maker, folder, vocab):
    arguments, sys.argv = sys.argv, ["make-random-model", str(folder), "--vocab", str(vocab)]
    maker.main()
    sys.argv = arguments
    path = folder / "text_encoder" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(config, num_attention_heads=1)), encoding="utf-8")


def renamed(maker, vocab):
    """(name in a single file, shape there, values) of every tensor."""
    names = {}
    for line in (TOP / "tests" / "golden" / "checkpoint-names.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        part, ours, theirs = line.split("\t")
        names[part, ours] = theirs
    for part, tensors in (("unet", maker.unet()), ("vae", maker.vae())):
        for name, shape in tensors:
            theirs = names[part, name]
            linear = ".attn_1." in theirs and len(shape) == 2      # 1 × 1 convolutions there
            yield theirs, (*shape, 1, 1) if linear else shape, maker.values(name, shape)
    for name, shape in maker.text_encoder(vocab):
        yield "cond_stage_model.transformer." + name, shape, maker.values(name, shape)


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, shape, _ in tensors:
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, values in tensors:
            file.write(values.tobytes())


def pickled(value):
    """Opcodes of protocol 2 for a text, a whole number or a tuple of numbers."""
    if isinstance(value, str):
        return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    return b"(" + b"".join(pickled(v) for v in value) + b"t"


def pickled_tensor(key, shape):
    strides = [math.prod(shape[i + 1:]) for i in range(len(shape))]
    storage = b"(" + pickled("storage") + b"ctorch\nHalfStorage\n" + pickled(str(key)) + pickled("cpu") + \
        pickled(math.prod(shape)) + b"tQ"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + pickled(0) + pickled(tuple(shape)) + \
        pickled(tuple(strides)) + b"\x89ccollections\nOrderedDict\n)RtR"


def write_ckpt(path, tensors):
    items = b"".join(pickled(name) + pickled_tensor(i, shape) for i, (name, shape, _) in enumerate(tensors))
    body = b"\x80\x02}(" + pickled("global_step") + pickled(7) + pickled("state_dict") + b"}(" + items + b"uu."
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", body)
        archive.writestr("archive/version", "3\n")
        for i, (_, _, values) in enumerate(tensors):
            archive.writestr(f"archive/data/{i}", values.tobytes())


def paint(folder, model, *more):
    env = dict(os.environ, LC_ALL="C.UTF-8", HOME=str(folder), XDG_DATA_HOME=f"{folder}/data")
    env.pop("LANGUAGE", None)
    picture = folder / "picture.png"
    picture.unlink(missing_ok=True)
    result = subprocess.run([CLI, "generate", "-m", str(model), "-p", "猫 red cat", "--seed", "1", "--steps", "2", "--width",
                             "64", "--height", "64", "-q", "-o", str(picture), *more], env=env, capture_output=True,
                            check=False, timeout=250)
    return result, pixels(picture) if picture.exists() else None


def pixels(path):
    """The compressed pixels: the settings beside them name the model."""
    data, at, found = path.read_bytes(), 8, b""
    while at < len(data):
        size = struct.unpack(">I", data[at:at + 4])[0]
        found += data[at + 8:at + 8 + size] if data[at + 4:at + 8] == b"IDAT" else b""
        at += size + 12
    return found


def painted(folder, model, *more):
    result, picture = paint(folder, model, *more)
    assert result.returncode == 0 and picture, result.stderr.decode()
    return picture


def listed(folder):
    """Names of the models below a folder that is added, where a picture, a tokenizer and a part of a model lie too."""
    write_safetensors(folder / "part.safetensors", [("x", (2,), numpy.zeros(2, numpy.float16))])
    env = dict(os.environ, LC_ALL="C.UTF-8", HOME=str(folder), XDG_CONFIG_HOME=f"{folder}/config",
               XDG_DATA_HOME=f"{folder}/data")
    result = subprocess.run([CLI, "models", "--json", "--add-folder", str(folder)], env=env, capture_output=True, check=True)
    return [model["name"] for model in json.loads(result.stdout) if not model["embedded"]]


def refused(folder, model, words, *more):
    result, picture = paint(folder, model, *more)
    message = result.stderr.decode()
    assert result.returncode == 1 and picture is None and message.count("\n") == 1 and words in message, message


def test_same_picture(maker, folder):
    make_folder(maker, folder / "model", 1000)
    tensors = list(renamed(maker, 1000))
    write_safetensors(folder / "one.ckpt", tensors)                # names lie: what the file holds decides
    write_ckpt(folder / "two.safetensors", tensors)
    refused(folder, folder / "one.ckpt", "spiece.model")
    (folder / "spiece.model").write_bytes((folder / "model" / "tokenizer" / "spiece.model").read_bytes())
    want = painted(folder, folder / "model", "--sampler", "pndm")
    assert painted(folder, folder / "one.ckpt") == want
    assert painted(folder, folder / "two.safetensors") == want
    (folder / "picture.png").rename(folder / "start.png")
    assert listed(folder) == ["model", "one", "two"], listed(folder)
    start = ["--image", str(folder / "start.png")]
    assert painted(folder, folder / "one.ckpt", *start) == painted(folder, folder / "two.safetensors", *start)


def test_clip_words(maker, folder):
    """CLIP's vocabulary needs no file beside it, and its text tower may lack a prefix."""
    tensors = list(renamed(maker, 49408))
    write_safetensors(folder / "clip.safetensors", tensors)
    bare = [(name.replace("transformer.text_model.", "transformer."), shape, values) for name, shape, values in tensors]
    write_safetensors(folder / "bare.safetensors", bare)
    assert painted(folder, folder / "clip.safetensors") == painted(folder, folder / "bare.safetensors")


def test_ema(maker, folder):
    """The averaged weights are painted with where they are asked for, or where there are no others."""
    tensors = list(renamed(maker, 49408))
    unet = [t for t in tensors if t[0].startswith("model.")]
    rest = [t for t in tensors if not t[0].startswith("model.")]
    averaged = [(name, shape, values * numpy.float16(0.5) if values.size > 1000 else values) for name, shape, values in unet]
    # LitEma's names: what follows "model.", without its dots.
    ema = [("model_ema." + name.removeprefix("model.").replace(".", ""), shape, values) for name, shape, values in averaged]
    for name, parts in (("plain", unet), ("average", averaged), ("both", unet + ema), ("only", ema)):
        write_safetensors(folder / f"{name}.safetensors", rest + parts)
    plain, average = (painted(folder, folder / f"{name}.safetensors") for name in ("plain", "average"))
    assert plain != average
    assert painted(folder, folder / "both.safetensors") == plain
    assert painted(folder, folder / "both.safetensors", "--ema") == average
    (folder / "picture.png").rename(folder / "again.png")
    assert painted(folder, folder / "both.safetensors", "--from", str(folder / "again.png")) == average
    assert painted(folder, folder / "only.safetensors") == average
    refused(folder, folder / "plain.safetensors", "EMA", "--ema")


def test_refusals(maker, folder):
    tensors = list(renamed(maker, 49408))
    without = {
        "VAE": [t for t in tensors if not t[0].startswith("first_stage_model.")],
        "text encoder": [t for t in tensors if not t[0].startswith("cond_stage_model.")],
        "UNet": [t for t in tensors if not t[0].startswith("model.")],
        "SDXL": [*tensors, ("conditioner.embedders.0.transformer.text_model.final_layer_norm.weight", (4,),
                            numpy.zeros(4, numpy.float16))],
        "Stable Diffusion 2": [*tensors, ("cond_stage_model.model.token_embedding.weight", (4,),
                                          numpy.zeros(4, numpy.float16))],
        "Flux": [("double_blocks.0.img_attn.qkv.weight", (4,), numpy.zeros(4, numpy.float16))],
        "Stable Diffusion 3": [("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", (4,),
                                numpy.zeros(4, numpy.float16))],
        "ControlNet": [("control_model.input_blocks.0.0.weight", (4,), numpy.zeros(4, numpy.float16))],
        "middle_block": [t for t in tensors if t[0] != "model.diffusion_model.middle_block.0.in_layers.2.weight"],
    }
    for words, left in without.items():
        write_safetensors(folder / "bad.safetensors", left)
        refused(folder, folder / "bad.safetensors", "mid_block" if words == "middle_block" else words)


def vae_namings(maker):
    """The tensors of an autoencoder like the model's, but paler, under each naming that single files use."""
    diffusers = [(name, shape, maker.values(name, shape) * numpy.float16(0.5 if name == "decoder.conv_out.weight" else 1))
                 for name, shape in maker.vae()]
    paler = {name: values for name, _, values in diffusers}
    lines = (TOP / "tests" / "golden" / "checkpoint-names.tsv").read_text(encoding="utf-8").splitlines()[1:]
    names = {ours: theirs for part, ours, theirs in (line.split("\t") for line in lines) if part == "vae"}
    prefixed = [(names[name], (*shape, 1, 1) if ".attn_1." in names[name] and len(shape) == 2 else shape, paler[name])
                for name, shape, _ in diffusers]
    bare = [(name.removeprefix("first_stage_model."), shape, values) for name, shape, values in prefixed]
    return {"diffusers": diffusers, "prefixed": prefixed, "bare": bare}


def test_vae_files(maker, folder):
    make_folder(maker, folder / "model", 1000)
    own = painted(folder, folder / "model")
    namings = vae_namings(maker)
    vaes = folder / "data" / "eshi" / "vae"
    (vaes / "whole").mkdir(parents=True)
    write_safetensors(vaes / "whole" / "diffusion_pytorch_model.safetensors", namings["diffusers"])
    (vaes / "whole" / "config.json").write_bytes((folder / "model" / "vae" / "config.json").read_bytes())
    want = painted(folder, folder / "model", "--vae", "whole")
    assert want != own
    for name, tensors in namings.items():
        write_safetensors(folder / f"{name}.pt", tensors)          # names lie: what the file holds decides
        assert painted(folder, folder / "model", "--vae", str(folder / f"{name}.pt")) == want, name
    write_ckpt(vaes / "pale.ckpt", namings["bare"])
    assert painted(folder, folder / "model", "--vae", "pale") == want
    assert b"VAE: pale" in (folder / "picture.png").read_bytes()
    (folder / "picture.png").rename(folder / "from.png")
    assert painted(folder, folder / "model", "--from", str(folder / "from.png")) == want
    (vaes / "pale.ckpt").unlink()
    result, _ = paint(folder, folder / "model", "--from", str(folder / "from.png"))
    assert result.returncode == 0 and b"pale" in result.stderr
    assert pixels(folder / "picture.png") == own


def test_vae_refusals(maker, folder):
    make_folder(maker, folder / "model", 1000)
    bare = vae_namings(maker)["bare"]
    bad = {
        "no VAE": [("lora_unet_down.alpha", (1,), numpy.zeros(1, numpy.float16))],
        "16 latent channels": [(name, (shape[0], 16, *shape[2:]), numpy.repeat(values, 4))
                               if name == "decoder.conv_in.weight" else (name, shape, values)
                               for name, shape, values in bare],
        "conv_out": [t for t in bare if t[0] != "decoder.conv_out.weight"],
    }
    for words, tensors in bad.items():
        write_safetensors(folder / "bad.safetensors", tensors)
        result, picture = paint(folder, folder / "model", "--vae", str(folder / "bad.safetensors"))
        message = result.stderr.decode()
        assert result.returncode == 1 and picture is None and message.count("\n") == 1 and words in message, message
    result, picture = paint(folder, folder / "model", "--vae", "nowhere")
    assert result.returncode == 1 and picture is None and b"nowhere" in result.stderr, result.stderr


def test_inpainting(maker, folder):
    """A UNet of nine channels, as a folder and in a single file; with eight it is another kind of model."""
    name, theirs = "conv_in.weight", "model.diffusion_model.input_blocks.0.0.weight"
    make_folder(maker, folder / "model", 1000)
    (folder / "spiece.model").write_bytes((folder / "model" / "tokenizer" / "spiece.model").read_bytes())
    for n in (9, 8):
        wide = (maker.UNET[0], n, 3, 3)
        tensors = [(t[0], wide, maker.values(name, wide)) if t[0] == theirs else t for t in renamed(maker, 1000)]
        write_safetensors(folder / f"{n}.safetensors", tensors)
    refused(folder, folder / "8.safetensors", "inpainting")
    config = folder / "model" / "unet" / "config.json"
    config.write_text(json.dumps(dict(json.loads(config.read_text(encoding="utf-8")), in_channels=9)), encoding="utf-8")
    write_safetensors(folder / "model" / "unet" / "diffusion_pytorch_model.safetensors",
                      [(n, wide, maker.values(name, wide)) if n == name else (n, s, maker.values(n, s))
                       for n, s in maker.unet() for wide in [(maker.UNET[0], 9, 3, 3)]])
    want = painted(folder, folder / "model", "--sampler", "pndm")
    assert painted(folder, folder / "9.safetensors") == want
    (folder / "picture.png").rename(folder / "start.png")
    start = ["--image", str(folder / "start.png"), "--mask", str(folder / "start.png"), "--strength", "1"]
    masked = painted(folder, folder / "9.safetensors", *start)
    assert masked != want and masked == painted(folder, folder / "model", "--sampler", "pndm", *start)


def main():
    tests, failed, maker = [test_same_picture, test_clip_words, test_ema, test_refusals, test_vae_files,
                            test_vae_refusals, test_inpainting], 0, load_maker()
    print(f"1..{len(tests)}")
    for i, test in enumerate(tests, 1):
        with tempfile.TemporaryDirectory() as folder:
            try:
                test(maker, Path(folder))
                print(f"ok {i} {test.__name__}", flush=True)
            except AssertionError as error:
                failed += 1
                print(f"not ok {i} {test.__name__}\n# {str(error)[:1000]}", flush=True)
    return failed != 0


sys.exit(main())
