#!/usr/bin/env python3
# make-schedulers.py: trajectories of diffusers' and k-diffusion's samplers with a toy network, for test-scheduler.
#
# Of the samplers that diffusers 0.8.1 had, only configurations in which current diffusers computes the same are
# recorded. k-diffusion computes in double here, on f32 tables and f32 noise; its samplers that use a Brownian tree
# get plain noise instead. Only its sampling.py is used, so it needs none of what it depends on:
#
#   pip install diffusers==0.42.1 torch==2.15.0 scipy && pip install --no-deps k-diffusion==0.1.1.post1
#   python3 tests/golden/make-schedulers.py tests/golden/schedulers.json
#
# SPDX-License-Identifier: MIT

import importlib.metadata
import importlib.util
import json
import math
import sys
import types
from pathlib import Path

import diffusers
import numpy
import torch
from diffusers import (DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, HeunDiscreteScheduler, LCMScheduler, LMSDiscreteScheduler,
                       PNDMScheduler, UniPCMultistepScheduler)

COMMON = dict(beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear', num_train_timesteps=1000)
LEADING = dict(timestep_spacing='leading', steps_offset=1, set_alpha_to_one=False)
DPM = dict(algorithm_type='dpmsolver++', solver_order=2, solver_type='midpoint', timestep_spacing='linspace')

SAMPLERS = {
    'lms': (LMSDiscreteScheduler, dict(timestep_spacing='linspace')),
    'pndm': (PNDMScheduler, dict(skip_prk_steps=True, **LEADING)),
    'ddim': (DDIMScheduler, dict(clip_sample=False, **LEADING)),
    'euler': (EulerDiscreteScheduler, dict(timestep_spacing='linspace')),
    'euler-a': (EulerAncestralDiscreteScheduler, dict(timestep_spacing='linspace')),
    'dpmpp-2m': (DPMSolverMultistepScheduler, dict(final_sigmas_type='sigma_min', **DPM)),
    'dpmpp-2m-karras': (DPMSolverMultistepScheduler,
                        dict(final_sigmas_type='zero', use_karras_sigmas=True, **DPM)),
}

# With a schedule of the artist's choice. All but UniPC start a single step from the least noise; it is left out.
#
# UniPC cuts the timesteps of exponential levels off where it rounds those of Karras' (and asks at 998 first, since the
# largest level comes back as 998.9999997); they are rounded here, as ours are.
#
# Heun takes x - (x - sigma * noise) apart again, which costs f32 several digits at large sigma: it runs in double. Of
# even levels only those numbers of steps are recorded whose timesteps are whole: between two, diffusers interpolates
# sigma, and k-diffusion, which ours follows, its logarithm.
UNIPC = dict(solver_order=2, solver_type='bh2', predict_x0=True, lower_order_final=True,
             timestep_spacing='linspace', final_sigmas_type='zero')
CHOSEN = [
    ('unipc', None, UniPCMultistepScheduler, UNIPC, [1, 2, 3, 5, 10, 20, 50]),
    ('unipc', 'karras', UniPCMultistepScheduler, dict(use_karras_sigmas=True, **UNIPC), [2, 5, 10, 20]),
    ('unipc', 'exponential', UniPCMultistepScheduler, dict(use_exponential_sigmas=True, **UNIPC), [1, 2, 5, 10, 20, 50]),
    ('heun', 'uniform', HeunDiscreteScheduler, {}, [2, 4, 10, 28, 38]),
    ('heun', 'karras', HeunDiscreteScheduler, dict(use_karras_sigmas=True), [2, 5, 10, 20, 50]),
    ('heun', 'exponential', HeunDiscreteScheduler, dict(use_exponential_sigmas=True), [2, 5, 10, 20, 50]),
    ('lcm', None, LCMScheduler, dict(clip_sample=False, original_inference_steps=50), [1, 2, 3, 4, 5, 8, 10, 20, 50]),
    ('euler', 'karras', EulerDiscreteScheduler, dict(use_karras_sigmas=True), [2, 5, 10, 20]),
    ('euler', 'exponential', EulerDiscreteScheduler, dict(use_exponential_sigmas=True), [2, 5, 10, 20]),
    ('lms', 'karras', LMSDiscreteScheduler, dict(use_karras_sigmas=True), [2, 5, 10, 20]),
]

# Timesteps spread as later versions of diffusers can.
SPACED = {
    'lms': (LMSDiscreteScheduler, {}),
    'euler': (EulerDiscreteScheduler, {}),
    'euler-a': (EulerAncestralDiscreteScheduler, {}),
    'ddim': (DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
    'dpmpp-2m': (DPMSolverMultistepScheduler, dict(DPM, final_sigmas_type='zero')),
    'unipc': (UniPCMultistepScheduler, UNIPC),
}
SPACED_STEPS = [1, 2, 5, 7, 10, 20, 50]

# k-diffusion's function, more arguments, and whether the last level but one is left out
K_SAMPLERS = {
    'lms': ('sample_lms', {}, False),
    'euler': ('sample_euler', {}, False),
    'euler-a': ('sample_euler_ancestral', {}, False),
    'heun': ('sample_heun', {}, False),
    'dpm2': ('sample_dpm_2', {}, True),
    'dpm2-a': ('sample_dpm_2_ancestral', {}, True),
    'dpmpp-2s-a': ('sample_dpmpp_2s_ancestral', {}, False),
    'dpmpp-2m': ('sample_dpmpp_2m', {}, False),
    'dpmpp-sde': ('sample_dpmpp_sde', {}, False),
    'dpmpp-2m-sde': ('sample_dpmpp_2m_sde', dict(solver_type='midpoint'), False),
    'dpmpp-2m-sde-heun': ('sample_dpmpp_2m_sde', dict(solver_type='heun'), False),
    'dpmpp-3m-sde': ('sample_dpmpp_3m_sde', {}, True),
}
DRAWS = ['euler-a', 'dpm2-a', 'dpmpp-2s-a', 'dpmpp-sde', 'dpmpp-2m-sde', 'dpmpp-2m-sde-heun', 'dpmpp-3m-sde']
CRASHES_AT_ONE = ['dpmpp-2m-sde', 'dpmpp-2m-sde-heun', 'dpmpp-3m-sde']
K_STEPS = [1, 2, 5, 10, 20]
ALIGN_YOUR_STEPS = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]

DIFFUSERS = f'diffusers {diffusers.__version__}'
K_DIFFUSION = f'k-diffusion {importlib.metadata.version("k-diffusion")}'
STEPS = [1, 2, 3, 4, 7, 14, 15, 20, 50, 333, 999]
LARGEST_SIGMA = 14.614644813537598


def model(x, t):
    return 0.7 * x + 0.0003 * float(t) - 0.1


def digits(values):
    return [float(f'{float(v):.9g}') for v in torch.as_tensor(values).flatten()]


def run(name, prediction, n_steps):
    kind, config = SAMPLERS[name]
    scheduler = kind(prediction_type=prediction, **COMMON, **config)
    scheduler.set_timesteps(n_steps)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((1, 4, 2, 2), generator=generator)
    # 0.8.1 starts from the largest sigma of the training, whatever the number of steps
    if name in ('lms', 'euler', 'euler-a'):
        x = x * LARGEST_SIGMA
    extra = {'generator': generator} if name == 'euler-a' else {}
    clean = None
    for t in scheduler.timesteps:
        output = model(scheduler.scale_model_input(x, t), t)
        result = scheduler.step(output, t, x, **extra)
        clean = getattr(result, 'pred_original_sample', None)
        x = result.prev_sample
    return {
        'id': name,
        'oracle': DIFFUSERS,
        'prediction': prediction,
        'n_steps': n_steps,
        'n_calls': len(scheduler.timesteps),
        'timesteps': digits(scheduler.timesteps if n_steps <= 50 and prediction == 'epsilon' else []),
        'x': digits(x),
        'last_clean': digits([] if clean is None else clean),
    }


def round_timesteps(scheduler):
    levels = numpy.array(((1 - scheduler.alphas_cumprod) / scheduler.alphas_cumprod) ** 0.5)
    spread = scheduler._convert_to_exponential(levels[::-1].copy(), scheduler.num_inference_steps)
    return torch.tensor([round(float(scheduler._sigma_to_t(sigma, numpy.log(levels)))) for sigma in spread])


def run_chosen(name, schedule, kind, config, prediction, n_steps):
    scheduler = kind(prediction_type=prediction, **COMMON, **config)
    scheduler.set_timesteps(n_steps)
    if kind is UniPCMultistepScheduler and schedule == 'exponential':
        scheduler.timesteps = round_timesteps(scheduler)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((1, 4, 2, 2), generator=generator)
    x = (x.double() if name == 'heun' else x) * scheduler.init_noise_sigma
    extra = {'generator': generator} if name in ('lcm', 'euler-a') else {}
    for t in scheduler.timesteps:
        x = scheduler.step(model(scheduler.scale_model_input(x, t), t), t, x, **extra).prev_sample
    return {'id': name, 'oracle': DIFFUSERS, 'schedule': schedule, 'prediction': prediction, 'n_steps': n_steps,
            'n_calls': len(scheduler.timesteps), 'timesteps': digits(scheduler.timesteps), 'x': digits(x),
            'last_clean': []}


def run_spaced(name, spacing, ends_noisy, prediction, n_steps):
    kind, config = SPACED[name]
    config = dict(config, timestep_spacing=spacing, steps_offset=1)
    if ends_noisy:
        config['final_sigmas_type'] = 'sigma_min'
    case = run_chosen(name, None, kind, config, prediction, n_steps)
    return dict(case, spacing=spacing, ends_noisy=ends_noisy)


def load_k_diffusion():
    path = Path(importlib.util.find_spec('k_diffusion').submodule_search_locations[0])
    # what sampling.py imports for samplers that are not run here
    for name in ('torchdiffeq', 'torchsde'):
        sys.modules[name] = types.ModuleType(name)
    sys.modules['torchdiffeq'].odeint = None
    package = types.ModuleType('k_diffusion')
    package.utils = types.ModuleType('k_diffusion.utils')
    package.utils.append_dims = lambda x, n: x[(...,) + (None,) * (n - x.ndim)]
    sys.modules['k_diffusion'] = package
    sys.modules['k_diffusion.utils'] = package.utils
    spec = importlib.util.spec_from_file_location('k_diffusion.sampling', path / 'sampling.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Denoiser:
    def __init__(self, prediction):
        alphas = EulerDiscreteScheduler(**COMMON).alphas_cumprod
        self.sigmas = ((1 - alphas) / alphas).sqrt().double()
        self.prediction = prediction
        self.n_calls = 0

    def sigma(self, t):
        low = min(int(t), 998)
        logs = self.sigmas.log()
        return float(((1 - (t - low)) * logs[low] + (t - low) * logs[low + 1]).exp())

    def timestep(self, sigma):
        return float(numpy.interp(math.log(sigma), self.sigmas.log().numpy(), numpy.arange(1000.0)))

    def levels(self, k, schedule, n):
        if schedule == 'uniform':
            sigmas = [self.sigma(t) for t in numpy.linspace(999, 0, n)] + [0.0]
        elif schedule == 'sgm-uniform':
            sigmas = [self.sigma(t) for t in numpy.linspace(999, 0, n + 1)[:-1]] + [0.0]
        elif schedule == 'align-your-steps':
            known = numpy.log(ALIGN_YOUR_STEPS[::-1])
            sigmas = numpy.exp(numpy.interp(numpy.linspace(0, 1, n), numpy.linspace(0, 1, 11), known))[::-1]
            sigmas = [*sigmas, 0.0]
        else:
            make = k.get_sigmas_karras if schedule == 'karras' else k.get_sigmas_exponential
            sigmas = make(n, float(self.sigmas[0]), float(self.sigmas[-1]))
        return torch.as_tensor(sigmas, dtype=torch.float64)

    def __call__(self, x, sigma):
        self.n_calls += 1
        sigma = float(sigma[0])
        power = sigma * sigma + 1
        output = model(x / math.sqrt(power), self.timestep(sigma))
        if self.prediction == 'epsilon':
            return x - sigma * output
        return x / power - output * sigma / math.sqrt(power)


def run_k(k, name, schedule, prediction, n_steps, discards=True):
    function, extra, discard = K_SAMPLERS[name]
    denoiser = Denoiser(prediction)
    sigmas = denoiser.levels(k, schedule, n_steps + (1 if discard and discards else 0))
    if discard and discards:
        sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
    generator = torch.Generator().manual_seed(0)

    def draw(*_):
        return torch.randn((1, 4, 2, 2), generator=generator, dtype=torch.float32).double()

    extra = dict(noise_sampler=draw, **extra) if name in DRAWS else extra
    x = getattr(k, function)(denoiser, draw() * sigmas[0], sigmas, disable=True, **extra)
    return {'id': name, 'oracle': K_DIFFUSION, 'schedule': schedule, 'prediction': prediction, 'n_steps': n_steps,
            'n_calls': denoiser.n_calls, 'timesteps': [], 'x': digits(x), 'last_clean': []}


def run_all_k():
    k = load_k_diffusion()
    torch.set_default_dtype(torch.float64)
    cases = [run_k(k, name, schedule, 'epsilon', n)
             for name in K_SAMPLERS
             for schedule in ('uniform', 'karras', 'exponential')
             for n in K_STEPS
             if n > 1 or name not in CRASHES_AT_ONE]
    cases += [run_k(k, name, 'karras', 'v_prediction', n) for name in K_SAMPLERS for n in (2, 10)]
    cases += [run_k(k, name, 'sgm-uniform', 'epsilon', n) for name in ('euler', 'dpmpp-2m', 'dpm2') for n in K_STEPS]
    cases += [run_k(k, 'dpmpp-2m', 'align-your-steps', 'epsilon', n) for n in (2, 5, 10, 11, 20)]
    # published values of the two samplers, which keep the last level but one
    for name, first in (('dpm2', -1.787113), ('dpm2-a', -0.774283)):
        assert abs(run_k(k, name, 'uniform', 'epsilon', 10, discards=False)['x'][0] - first) < 2e-6
    return cases


def main():
    cases = [run(name, prediction, n)
             for name in SAMPLERS
             for prediction in ('epsilon', 'v_prediction')
             for n in STEPS]
    cases += [run_chosen(name, schedule, kind, config, prediction, n)
              for name, schedule, kind, config, steps in CHOSEN
              for prediction in ('epsilon', 'v_prediction')
              for n in steps]
    cases += [run_spaced(name, spacing, False, prediction, n)
              for name in SPACED
              for spacing in ('linspace', 'leading', 'trailing')
              for prediction in ('epsilon', 'v_prediction')
              for n in SPACED_STEPS
              if spacing != 'linspace' or name in ('ddim', 'dpmpp-2m', 'unipc')]
    cases += [run_spaced(name, 'trailing', True, 'epsilon', n) for name in ('dpmpp-2m', 'unipc') for n in SPACED_STEPS]
    cases += run_all_k()
    versions = f'diffusers {diffusers.__version__}, torch {torch.__version__}, numpy {numpy.__version__}'
    head = json.dumps({'versions': versions})[:-1]
    body = ',\n'.join(json.dumps(case) for case in cases)
    Path(sys.argv[1]).write_text(f'{head}, "cases": [\n{body}\n]}}\n')


if __name__ == '__main__':
    main()
