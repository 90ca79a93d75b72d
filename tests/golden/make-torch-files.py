#!/usr/bin/env python3
# make-torch-files.py: small files of PyTorch in all its forms, for test-torch-file, and one folder of weights twice.
#
# Element k of each tensor, in row-major order, is k / 4 + first, so that the test can compute what it must read.
#
#   python3 tests/golden/make-torch-files.py tests/golden/torch
#
# SPDX-License-Identifier: MIT

import json
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file

OLD = {'_use_new_zipfile_serialization': False}


def ramp(*shape, dtype=torch.float32, first=0.0):
    count = torch.Size(shape).numel()
    return (torch.arange(count, dtype=torch.float64) / 4 + first).to(dtype).reshape(shape)


def make_tensors():
    base = ramp(3, 4, first=-1)
    tied = ramp(5)
    return OrderedDict(
        f32=ramp(2, 3), f16=ramp(2, 3, dtype=torch.float16), bf16=ramp(2, 3, dtype=torch.bfloat16),
        f64=ramp(2, 3, dtype=torch.float64), i64=torch.arange(6).reshape(2, 3), i32=torch.arange(6, dtype=torch.int32),
        i8=torch.arange(6, dtype=torch.int8), bool=torch.tensor([True, False]),
        base=base, transposed=base.t(), part=base[1:, 2:], tied=tied, tied_too=tied, scalar=torch.tensor(2.5),
        empty=torch.empty(0, 4), six=ramp(1, 1, 1, 2, 1, 3), parameter=torch.nn.Parameter(ramp(4)))


class ModelCheckpoint:
    """Stands for what training frameworks leave in their files."""

    def __init__(self):
        self.monitor = 'loss'


def make_big_endian(source, target):
    """Writes a copy of a file of 4-byte numbers as a big-endian computer would have."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, 'w') as new:
        for name in old.namelist():
            data = old.read(name)
            if '/data/' in name:
                data = b''.join(data[i:i + 4][::-1] for i in range(0, len(data), 4))
            new.writestr(name, b'big' if name.endswith('byteorder') else data)


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    tensors = make_tensors()
    torch.save(tensors, folder / 'plain.bin')
    torch.save(tensors, folder / 'legacy.bin', **OLD)

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    module[0].weight.data = ramp(2, 3)
    torch.save(module.state_dict(), folder / 'module.bin')
    torch.save(module.state_dict(), folder / 'module-protocol-4.bin', pickle_protocol=4)

    optimizer = torch.optim.Adam(module.parameters())
    torch.save({'epoch': 3, 'global_step': 2 ** 40, 'pytorch-lightning_version': '1.4.2', 'lr': 1e-4,
                'callbacks': {ModelCheckpoint: {'best': ModelCheckpoint()}}, 'hparams': {'path': Path('x')},
                'optimizer_states': [optimizer.state_dict()], 'state_dict': OrderedDict(weight=ramp(2, 3))},
               folder / 'lightning.ckpt')

    torch.save({'weight': ramp(2, 3)}, folder / 'little.bin')
    make_big_endian(folder / 'little.bin', folder / 'big.bin')
    torch.serialization.set_crc32_options(False)
    torch.save({'weight': ramp(2, 3)}, folder / 'no-sums.bin')
    torch.serialization.set_crc32_options(True)

    # The text encoder of the networks, in two shards and in one file of each form.
    source = folder.parent / 'networks' / 'text-quick' / 'text_encoder'
    weights = load_file(source / 'model.safetensors')
    target = folder / 'text_encoder'
    target.mkdir(exist_ok=True)
    torch.save(weights, target / 'pytorch_model.bin')
    names = sorted(weights)
    shards = {f'pytorch_model-0000{i + 1}-of-00002.bin': names[i::2] for i in range(2)}
    for shard, part in shards.items():
        torch.save({name: weights[name] for name in part}, target / shard)
    (target / 'pytorch_model.bin.index.json').write_text(json.dumps(
        {'metadata': {'total_size': sum(w.nbytes for w in weights.values())}, 'weight_map': {name: shard for shard, part in shards.items() for name in part}}))


main()
