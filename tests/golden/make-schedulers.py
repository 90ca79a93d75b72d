#!/usr/bin/env python3
# make-schedulers.py: trajectories of diffusers' schedulers with a toy network, for test-scheduler.
#
# Only configurations in which current diffusers computes what version 0.8.1 computed are recorded.
#
#   python3 tests/golden/make-schedulers.py > tests/golden/schedulers.json
#
# SPDX-License-Identifier: MIT

import json
import sys

import diffusers
import numpy
import torch
from diffusers import (DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, LMSDiscreteScheduler, PNDMScheduler)

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
        'prediction': prediction,
        'n_steps': n_steps,
        'n_calls': len(scheduler.timesteps),
        'timesteps': digits(scheduler.timesteps if n_steps <= 50 and prediction == 'epsilon' else []),
        'x': digits(x),
        'last_clean': digits([] if clean is None else clean),
    }


def main():
    cases = [run(name, prediction, n)
             for name in SAMPLERS
             for prediction in ('epsilon', 'v_prediction')
             for n in STEPS]
    versions = f'diffusers {diffusers.__version__}, torch {torch.__version__}, numpy {numpy.__version__}'
    head = json.dumps({'versions': versions})[:-1]
    body = ',\n'.join(json.dumps(case) for case in cases)
    sys.stdout.write(f'{head}, "cases": [\n{body}\n]}}\n')


main()
