#!/usr/bin/env python3
"""Latents that diffusers' pipelines leave for the small model of tests/pipeline/model-folder.c, changed in one thing.

make-pipelines.py FILE
    writes FILE: the final latents of each case, with a UNet for inpainting, and with one that predicts v

The weights are filled by rule (tests/golden/README.md), so that they need not be stored. Prompts go through
sentencepiece and transformers.

    python3 tests/golden/make-pipelines.py tests/golden/pipelines/expected.safetensors

SPDX-License-Identifier: MIT
"""

import sys
from pathlib import Path

import numpy
import sentencepiece
import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler,
                       PNDMScheduler, StableDiffusionInpaintPipeline, StableDiffusionPipeline, UNet2DConditionModel)
from fill import fill_weights
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

SIZE = 64
BETAS = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
SAMPLERS = {
    "ddim": lambda **more: DDIMScheduler(**BETAS, clip_sample=False, set_alpha_to_one=False, steps_offset=1, **more),
    "pndm": lambda **more: PNDMScheduler(**BETAS, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1, **more),
    "euler": lambda **more: EulerDiscreteScheduler(**BETAS, **more),
    "dpmpp-2m": lambda **more: DPMSolverMultistepScheduler(**BETAS, final_sigmas_type="sigma_min", **more),
}
# Name: sampler, steps, guidance, strength; which mask, if there is an image.
INPAINT = {
    "inpaint-white": ("ddim", 4, 5.0, 1.0, None),
    "inpaint-half": ("euler", 4, 5.0, 1.0, "half"),
    "inpaint-slope": ("ddim", 5, 1.0, 0.6, "slope"),
    "inpaint-part": ("dpmpp-2m", 4, 5.0, 0.75, "half"),
}
V = {f"v-{name}": (name, 4, 5.0) for name in SAMPLERS}


def make_unet(in_channels):
    return fill_weights(UNet2DConditionModel(
        sample_size=8, in_channels=in_channels, block_out_channels=(32, 64), cross_attention_dim=64,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")),
        vae=False).eval()


def make_vae():
    return fill_weights(AutoencoderKL(
        block_out_channels=(16,) * 4, norm_num_groups=8, layers_per_block=1, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)).eval()


def make_contexts():
    """Without and with the prompt: the end mark, then padding, which is attended."""
    text = fill_weights(CLIPTextModel(CLIPTextConfig(
        vocab_size=400, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=0, eos_token_id=2, pad_token_id=1)),
        vae=False, prefix="text_model.").eval()
    model = str(Path(__file__).parent / "tokenizer-small.model")
    words = sentencepiece.SentencePieceProcessor(model_file=model)
    ids = [(words.encode(prompt) + [2] + [3] * 77)[:77] for prompt in ("", "ねこ")]
    return [text(torch.tensor([row])).last_hidden_state for row in ids]


def make_image():
    i = numpy.arange(SIZE * SIZE)
    pixels = numpy.stack([37 * i + 53 * c + i // SIZE for c in range(3)], axis=-1) % 256
    return Image.fromarray(pixels.astype(numpy.uint8).reshape(SIZE, SIZE, 3))


def make_mask(kind):
    y, x = numpy.mgrid[0:SIZE, 0:SIZE]
    values = {None: 0 * x + 255, "half": (x >= SIZE // 2) * 255, "slope": (5 * x + 3 * y) % 256}[kind]
    return Image.fromarray(values.astype(numpy.uint8), mode="L")


def keep_contiguous(pipe):
    """Images reach the encoder channels last, where torch's group norm loses four digits on an even grey."""
    encode = pipe._encode_vae_image
    pipe._encode_vae_image = lambda image, generator: encode(image.contiguous(), generator)


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    tensors, vae, (without, prompt) = {}, make_vae(), make_contexts()
    common = dict(vae=vae, text_encoder=None, tokenizer=None, safety_checker=None, feature_extractor=None,
                  requires_safety_checker=False)
    texts = dict(prompt_embeds=prompt, negative_prompt_embeds=without, output_type="latent", height=SIZE, width=SIZE)
    unet = make_unet(9)
    for name, (sampler, steps, guidance, strength, mask) in INPAINT.items():
        pipe = StableDiffusionInpaintPipeline(unet=unet, scheduler=SAMPLERS[sampler](), **common)
        keep_contiguous(pipe)
        tensors[name] = pipe(image=make_image(), mask_image=make_mask(mask), strength=strength, guidance_scale=guidance,
                             num_inference_steps=steps, generator=torch.Generator("cpu").manual_seed(42), **texts).images
    unet = make_unet(4)
    for name, (sampler, steps, guidance) in V.items():
        pipe = StableDiffusionPipeline(unet=unet, scheduler=SAMPLERS[sampler](prediction_type="v_prediction"), **common)
        tensors[name] = pipe(guidance_scale=guidance, num_inference_steps=steps,
                             generator=torch.Generator("cpu").manual_seed(42), **texts).images
    for name, value in tensors.items():
        print(f"{name}: rms {value.square().mean().sqrt():.3f}, max {value.abs().max():.3f}")
    save_file({name: value[0].contiguous() for name, value in tensors.items()}, sys.argv[1])


main()
