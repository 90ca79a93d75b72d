#!/usr/bin/env python3
# make-trajectories.py: whole pictures of a small model by diffusers, for test-trajectories: text, steps, decoder.
#
# The weights are made by rule; with FOLDER they are those of a trained model, whose latents are of natural size.
#
# Samplers that diffusers defines as we do run in its own pipeline. The others are k-diffusion's functions around its
# UNet, in double on f32 noise, with plain noise where they would ask a Brownian tree.
#
#   pip install diffusers==0.42.1 transformers==5.23.0 torch==2.15.0 scipy sentencepiece
#   pip install --no-deps k-diffusion==0.1.1.post1
#   python3 tests/golden/make-trajectories.py tests/golden/trajectories.safetensors
#   python3 tests/golden/make-trajectories.py tests/golden/mame.safetensors data/model/mame
#
# SPDX-License-Identifier: MIT

import importlib.util
import sys
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file

from filled import GOLDEN, NOISE, encode, load_trained, make_unet, make_vae, thin

PROMPT, NEGATIVE = '白い猫 油絵', '犬'
FOLDER = sys.argv[2] if len(sys.argv) > 2 else None
WIDTH, HEIGHT = (128, 96) if FOLDER else (64, 72)
SEED, GUIDANCE = 42, 3.0
LEADING = dict(timestep_spacing='leading', steps_offset=1, set_alpha_to_one=False)
DPM = dict(algorithm_type='dpmsolver++', solver_order=2, solver_type='midpoint', timestep_spacing='linspace')
UNIPC = dict(solver_order=2, solver_type='bh2', predict_x0=True, timestep_spacing='linspace', final_sigmas_type='zero')

# name: class, configuration, steps; names are SAMPLER[:SCHEDULE][@STOP], the part of the steps that is guided
DIFFUSERS = {
    'lms': ('LMSDiscreteScheduler', {}, 12),
    'lms:karras': ('LMSDiscreteScheduler', dict(use_karras_sigmas=True), 8),
    'pndm': ('PNDMScheduler', dict(skip_prk_steps=True, **LEADING), 12),
    'ddim': ('DDIMScheduler', dict(clip_sample=False, **LEADING), 8),
    'euler': ('EulerDiscreteScheduler', {}, 8),
    'euler:karras': ('EulerDiscreteScheduler', dict(use_karras_sigmas=True), 8),
    'euler-a': ('EulerAncestralDiscreteScheduler', {}, 8),
    'heun:uniform': ('HeunDiscreteScheduler', {}, 4),
    'heun:karras': ('HeunDiscreteScheduler', dict(use_karras_sigmas=True), 5),
    'dpmpp-2m': ('DPMSolverMultistepScheduler', dict(final_sigmas_type='sigma_min', **DPM), 8),
    'dpmpp-2m-karras': ('DPMSolverMultistepScheduler', dict(final_sigmas_type='zero', use_karras_sigmas=True, **DPM), 8),
    'unipc': ('UniPCMultistepScheduler', UNIPC, 8),
    'unipc:karras': ('UniPCMultistepScheduler', dict(use_karras_sigmas=True, **UNIPC), 8),
    'lcm': ('LCMScheduler', dict(clip_sample=False, original_inference_steps=50), 4),
    'lms@0.5': ('LMSDiscreteScheduler', {}, 12),
    'euler-a@0.3': ('EulerAncestralDiscreteScheduler', {}, 8),
    'heun:karras@0.7': ('HeunDiscreteScheduler', dict(use_karras_sigmas=True), 5),
}

# name: steps
K_DIFFUSION = {
    'heun': 5, 'dpm2': 5, 'dpm2-a': 5, 'dpmpp-2s-a': 5, 'dpmpp-2m:karras': 8, 'dpmpp-2m:uniform': 8, 'dpmpp-sde': 5,
    'dpmpp-2m-sde': 8, 'dpmpp-2m-sde-heun': 8, 'dpmpp-3m-sde': 8,
}
OWN_SCHEDULES = {
    'heun': 'uniform', 'dpm2': 'karras', 'dpm2-a': 'karras', 'dpmpp-2s-a': 'karras', 'dpmpp-sde': 'karras',
    'dpmpp-2m-sde': 'exponential', 'dpmpp-2m-sde-heun': 'exponential', 'dpmpp-3m-sde': 'exponential',
}


def stop_guiding(stop):
    """Guidance ends during a picture as diffusers' page on callbacks has it; after which step, as its guiders have it."""
    def on_step_end(pipeline, step, timestep, tensors):
        calls = pipeline.scheduler.order
        if (step + 1) // calls == int(stop * ((pipeline.num_timesteps + calls - 1) // calls)) and (step + 1) % calls == 0:
            tensors['prompt_embeds'] = tensors['prompt_embeds'][-1:]
            pipeline._guidance_scale = 0.0
        return tensors
    return on_step_end


def paint(unet, vae, context, name):
    kind, config, n_steps = DIFFUSERS[name]
    scheduler = getattr(diffusers, kind)(prediction_type='epsilon', **NOISE, **config)
    pipeline = diffusers.StableDiffusionPipeline(
        vae=vae, text_encoder=None, tokenizer=None, unet=unet, scheduler=scheduler, safety_checker=None,
        feature_extractor=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    stop = float(name.partition('@')[2] or 1)
    return pipeline(
        callback_on_step_end=stop_guiding(stop), callback_on_step_end_tensor_inputs=['prompt_embeds'],
        prompt_embeds=context[:1], negative_prompt_embeds=context[1:], width=WIDTH, height=HEIGHT, guidance_scale=GUIDANCE,
        num_inference_steps=n_steps, generator=torch.Generator().manual_seed(SEED), output_type='latent').images


class Denoiser:
    def __init__(self, tables, unet, context):
        self.tables, self.unet, self.context = tables, unet, context.flip(0)

    def __call__(self, x, sigma):
        sigma = float(sigma[0])
        scaled = (x / (sigma * sigma + 1) ** 0.5).float()
        timestep = torch.tensor(self.tables.timestep(sigma), dtype=torch.float32)
        without, given = self.unet(torch.cat([scaled] * 2), timestep, self.context).sample.chunk(2)
        return x - sigma * (without + GUIDANCE * (given - without)).double()


def load_schedulers():
    """make-schedulers.py, for its tables and its k-diffusion."""
    spec = importlib.util.spec_from_file_location('make_schedulers', GOLDEN / 'make-schedulers.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def paint_with_k(scripts, k, unet, context, name):
    sampler, _, schedule = name.partition(':')
    function, extra, discard = scripts.K_SAMPLERS[sampler]
    tables = scripts.Denoiser('epsilon')
    sigmas = tables.levels(k, schedule or OWN_SCHEDULES[sampler], K_DIFFUSION[name] + discard)
    sigmas = torch.cat([sigmas[:-2], sigmas[-1:]]) if discard else sigmas
    generator = torch.Generator().manual_seed(SEED)

    def draw(*_):
        return torch.randn((1, 4, HEIGHT // 8, WIDTH // 8), generator=generator).double()

    extra = dict(noise_sampler=draw, **extra) if sampler in scripts.DRAWS else extra
    start = draw() * sigmas[0]
    return getattr(k, function)(Denoiser(tables, unet, context), start, sigmas, disable=True, **extra).float()


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    diffusers.utils.logging.set_verbosity_error()
    if FOLDER:
        unet, vae, context = load_trained(FOLDER, [PROMPT, NEGATIVE])
    else:
        unet, vae, context = make_unet(), make_vae(), encode([PROMPT, NEGATIVE])
    latents = {name: paint(unet, vae, context, name) for name in DIFFUSERS}
    scripts = load_schedulers()
    k = scripts.load_k_diffusion()
    latents.update((f'k:{name}', paint_with_k(scripts, k, unet, context, name)) for name in K_DIFFUSION)
    tensors = {}
    for name, values in latents.items():
        tensors[f'{name}/latents'] = values.contiguous()
        if not FOLDER:
            picture = vae.decode(values / vae.config.scaling_factor).sample
            tensors[f'{name}/picture'] = thin((picture / 2 + 0.5).clamp(0, 1))
        print(f'{name}: {values.flatten()[:3].tolist()}, up to {values.abs().max():.1f}')
    save_file(tensors, Path(sys.argv[1]))


main()
