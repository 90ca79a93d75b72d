#!/usr/bin/env python3
# make-starts.py: pictures of a small model that start from another picture, by the pipelines that japanese-stable-diffusion
# was published with, for test-trajectories: resizing, encoder, draws, start, mask, steps, decoder. "start:" is the picture
# as it is encoded, "kept:" what a black mask leaves of it at the end. With FOLDER it is a trained model, whose latents are
# of natural size, and only they are kept.
#
# Their mask pipeline ("legacy") is gone from later versions. transformers 5 and huggingface_hub 1 do not go with them:
#
#   pip install --no-deps diffusers==0.8.1 transformers==4.25.1 tokenizers==0.13.2 huggingface_hub==0.11.1 'pillow<10'
#   pip install torch==2.15.0 'numpy<2' requests filelock packaging pyyaml regex tqdm scipy sentencepiece
#   python3 tests/golden/make-starts.py tests/golden/starts.safetensors
#   python3 tests/golden/make-starts.py tests/golden/mame-starts.safetensors data/model/mame
#
# SPDX-License-Identifier: MIT

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import diffusers
import numpy
import torch
from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_img2img
from PIL import Image
from safetensors.torch import save_file

from filled import NOISE, encode, load_trained, make_unet, make_vae, thin

PROMPT, NEGATIVE = '白い猫 油絵', '犬'
IMAGE_WIDTH, IMAGE_HEIGHT, SEED, GUIDANCE, N_STEPS, STRENGTH = 75, 100, 42, 3.0, 10, 0.75
SEEDS = 0, 42, 4294967295
FOLDER = sys.argv[2] if len(sys.argv) > 2 else None

SCHEDULERS = {
    'lms': ('LMSDiscreteScheduler', {}),
    'pndm': ('PNDMScheduler', dict(skip_prk_steps=True, steps_offset=1)),
    'ddim': ('DDIMScheduler', dict(clip_sample=False, set_alpha_to_one=False, steps_offset=1)),
    'euler': ('EulerDiscreteScheduler', {}),
    'euler-a': ('EulerAncestralDiscreteScheduler', {}),
    'dpmpp-2m': ('DPMSolverMultistepScheduler', {}),
}


def make_image():
    y, x, c = numpy.mgrid[:IMAGE_HEIGHT, :IMAGE_WIDTH, :3]
    return Image.fromarray(((37 * x + 91 * y + 53 * c + x * y // 7) & 255).astype(numpy.uint8))


def make_mask():
    """Grey in between, so that more than yes and no is met."""
    y, x = numpy.mgrid[:IMAGE_HEIGHT, :IMAGE_WIDTH]
    return Image.fromarray(numpy.clip(4 * (x + y) - 250, 0, 255).astype(numpy.uint8))


def make_black():
    return Image.new('L', (IMAGE_WIDTH, IMAGE_HEIGHT), 0)


class ScaledLatents:
    """Those pipelines know one scaling factor only; what this one makes of it is the model's own."""

    def __init__(self, latents, factor):
        self.latents, self.factor = latents, factor

    def sample(self, generator):
        return self.latents.sample(generator) * self.factor


def load_scaled(folder):
    unet, vae, context = load_trained(folder, [PROMPT, NEGATIVE])
    factor = json.loads((Path(folder) / 'vae' / 'config.json').read_text())['scaling_factor'] / 0.18215
    encode_plain = vae.encode
    vae.encode = lambda image: SimpleNamespace(latent_dist=ScaledLatents(encode_plain(image).latent_dist, factor))
    return unet, vae, context


def encode_image(vae, seed):
    """What a picture starts from, before noise: [1, 4, h, w]."""
    image = pipeline_stable_diffusion_img2img.preprocess(make_image())
    return vae.encode(image).latent_dist.sample(torch.Generator().manual_seed(seed)) * 0.18215


def make_pipeline(kind, unet, vae, context, name):
    scheduler, config = SCHEDULERS[name]
    pipeline = kind(vae=vae, text_encoder=torch.nn.Identity(), tokenizer=None, unet=unet, safety_checker=None,
                    scheduler=getattr(diffusers, scheduler)(**NOISE, **config), feature_extractor=None)
    pipeline.set_progress_bar_config(disable=True)
    pipeline._encode_prompt = lambda *_: context.flip(0)
    return pipeline


def paint(unet, vae, context, name, mask, seed=SEED):
    """The last latents [1, 4, h, w] and the picture before it is rounded [1, 3, h, w]."""
    kind = diffusers.StableDiffusionImg2ImgPipeline if mask is None else diffusers.StableDiffusionInpaintPipelineLegacy
    pipeline = make_pipeline(kind, unet, vae, context, name)
    kept, decode = [], pipeline.decode_latents
    pipeline.decode_latents = lambda latents: (kept.append(latents), decode(latents))[1]
    options = {} if mask is None else {'mask_image': mask}
    picture = pipeline(prompt=PROMPT, negative_prompt=NEGATIVE, init_image=make_image(), strength=STRENGTH,
                       num_inference_steps=N_STEPS, guidance_scale=GUIDANCE, output_type='np',
                       generator=torch.Generator().manual_seed(seed), **options).images
    return kept[0], torch.from_numpy(picture).permute(0, 3, 1, 2)


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    diffusers.utils.logging.set_verbosity_error()
    if FOLDER:
        unet, vae, context = load_scaled(FOLDER)
    else:
        unet, vae, context = make_unet(), make_vae(), encode([PROMPT, NEGATIVE])
    tensors = {}
    for prefix, mask in (('image', None), ('mask', make_mask())):
        for name in SCHEDULERS:
            latents, picture = paint(unet, vae, context, name, mask)
            tensors[f'{prefix}:{name}/latents'] = latents.contiguous()
            if not FOLDER:
                tensors[f'{prefix}:{name}/picture'] = thin(picture)
            print(f'{prefix}:{name}: {list(latents.shape)} {latents.flatten()[:3].tolist()}, up to {latents.abs().max():.1f}')
    for seed in [] if FOLDER else SEEDS:
        tensors[f'start:{seed}/latents'] = encode_image(vae, seed).contiguous()
        tensors[f'kept:{seed}/latents'] = paint(unet, vae, context, 'lms', make_black(), seed)[0].contiguous()
    save_file(tensors, sys.argv[1])


main()
