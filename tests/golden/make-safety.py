#!/usr/bin/env python3
# make-safety.py: small random safety checkers of diffusers with what they say of pictures that a rule gives, for
# test-safety.
#
#   python3 tests/golden/make-safety.py tests/golden/safety
#
# "scores" are the numbers of diffusers' own forward(), caught where it rounds them; "rules" are the same for cosines
# that were put in place of the network's, close to the limits. Pictures are read by transformers' CLIPImageProcessorPil,
# the one that calls Pillow. It cuts as transformers 4.21.1 does, the version that japanese-stable-diffusion names.
#
# SPDX-License-Identifier: MIT

import builtins
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from diffusers.pipelines.stable_diffusion import safety_checker as reference
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessorPil

CHECKERS = {
    'new-names': (torch.float16, dict(hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
                                      image_size=30, patch_size=6, hidden_act='quick_gelu'), 12),
    'old-names': (torch.float32, dict(hidden_size=12, intermediate_size=20, num_hidden_layers=3, num_attention_heads=3,
                                      image_size=28, patch_size=7, hidden_act='gelu', layer_norm_eps=1e-3), 10),
}
PICTURES = [(64, 64), (96, 60), (96, 64), (43, 64), (64, 128), (224, 56), (30, 30), (28, 28), (300, 260)]
OFFSETS = [-0.02, -0.0106, -0.0104, -0.0096, -0.0094, -0.006, -0.0006, -0.0004, 0.0004, 0.0006, 0.004, 0.2]


def make_picture(width, height):
    x, y, c = np.meshgrid(np.arange(width), np.arange(height), np.arange(3), indexing='xy')
    return ((37 * x + 91 * y + 53 * c + x * y // 7) & 255).astype(np.uint8)


def make_checker(dtype, tower, projection):
    config = CLIPConfig(projection_dim=projection, vision_config=dict(tower, projection_dim=projection),
                        text_config=dict(hidden_size=8, num_attention_heads=1))
    checker = reference.StableDiffusionSafetyChecker(config).eval()
    for name, value in checker.named_parameters():
        noise = torch.randn(value.shape)
        if value.dim() == 1:
            noise = noise * 0.2 + (1.0 if name.endswith('weight') else 0.0)
        else:
            noise = noise / (value[0].numel() ** 0.5)
        value.data = noise.to(dtype).float()
    return checker


def set_limits(checker, dtype, size):
    """Limits that some of the pictures are above, some only with the adjustment, and most are not."""
    checker.concept_embeds_weights.data[:] = 0
    checker.special_care_embeds_weights.data[:] = -2
    special, concepts = np.split(np.array([case['scores'] for case in check_pictures(checker, size)]), [3], axis=1)
    checker.special_care_embeds_weights.data[:] = torch.tensor(special.max(0) - 2 + [-0.02, -0.002, 0.02]).to(dtype)
    limits = concepts.max(0) - 0.01 + 0.005
    limits[4] = np.sort(concepts[:, 4])[-3] - 0.01
    checker.concept_embeds_weights.data[:] = torch.tensor(limits).to(dtype)


def save_checker(folder, dtype, checker, tower, projection):
    tensors = {key: value.to(dtype).contiguous() for key, value in checker.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'config.json').write_text(json.dumps({'projection_dim': projection, 'vision_config': tower}) + '\n')
    if dtype == torch.float16:
        save_file(tensors, folder / 'model.safetensors')
    else:
        tensors['vision_model.embeddings.position_ids'] = torch.arange(17).unsqueeze(0)
        tensors = {('vision_model.' if key.startswith('vision_model.') else '') + key: value
                   for key, value in tensors.items()}
        torch.save(tensors, folder / 'pytorch_model.bin')


def run(checker, pixels):
    """The scores before forward() rounds them, 3 special ones and 17 concepts, and its flag."""
    caught = []

    def catch(value, digits):
        caught.append(float(value))
        return builtins.round(value, digits)

    reference.round = catch
    _, flags = checker(pixels, [np.zeros((1, 1, 3), np.float32)])
    return caught, bool(flags[0])


def check_pictures(checker, size):
    processor = CLIPImageProcessorPil(size={'shortest_edge': size}, crop_size={'height': size, 'width': size})
    cases = []
    for width, height in PICTURES:
        image = Image.fromarray(make_picture(width, height))
        crop = processor(image, do_rescale=False, do_normalize=False, return_tensors='np').pixel_values[0]
        crop = np.ascontiguousarray(crop.transpose(1, 2, 0).astype(np.uint8))
        scores, flag = run(checker, torch.tensor(processor(image, return_tensors='np').pixel_values))
        cases.append({'width': width, 'height': height, 'crop': hashlib.sha256(crop.tobytes()).hexdigest(),
                      'scores': [builtins.round(score, 7) for score in scores], 'withheld': flag})
    return cases


def check_rules(checker, size):
    limits = [checker.special_care_embeds_weights.numpy(), checker.concept_embeds_weights.numpy()]
    generator = np.random.default_rng(7)
    pixels = torch.zeros(1, 3, size, size)
    rows = []
    for row in range(40):
        # Mostly below the limits: a row in which everything is above them says little.
        pools = OFFSETS[:7] + OFFSETS[9:10], OFFSETS[:3] if row % 4 == 1 else OFFSETS[:5] if row % 2 else OFFSETS[:8]
        cosines = [(limit + generator.choice(pool, limit.size)).astype(np.float32)
                   for limit, pool in zip(limits, pools)]
        if row % 5 == 0:
            cosines[1][generator.integers(17)] += np.float32(0.0012)
        waiting = [torch.tensor(cosine).unsqueeze(0) for cosine in cosines]
        reference.cosine_distance = lambda a, b: waiting.pop(0)
        scores, flag = run(checker, pixels)
        rows.append({'cosines': [float(x) for x in np.concatenate(cosines)],
                     'scores': [builtins.round(score, 7) for score in scores], 'withheld': flag})
    return {'limits': [float(x) for x in np.concatenate(limits)], 'rows': rows}


@torch.no_grad()
def main():
    top = Path(sys.argv[1])
    torch.set_num_threads(1)
    expected = {'oracle': ', '.join(f'{name} {version(name)}' for name in ('diffusers', 'transformers', 'pillow'))}
    for i, (name, (dtype, tower, projection)) in enumerate(CHECKERS.items()):
        torch.manual_seed(40 + i)
        checker = make_checker(dtype, tower, projection)
        set_limits(checker, dtype, tower['image_size'])
        save_checker(top / name, dtype, checker, tower, projection)
        expected[name] = check_pictures(checker, tower['image_size'])
    expected['rules'] = check_rules(checker, tower['image_size'])
    (top / 'expected.json').write_text(json.dumps(expected) + '\n')


main()
