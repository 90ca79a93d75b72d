#!/usr/bin/env python3
"""Write a model folder in the diffusers layout (f16 safetensors)."""
import argparse
import json
import math
import os
import shutil

import torch
from safetensors.torch import load_file, save_file

from nets import TEXT_CONFIG, UNET_CONFIG, VAE_CONFIG, TextEncoder, UNet, VAE

INDEX = {
    '_class_name': 'StableDiffusionPipeline', '_diffusers_version': '0.8.1',
    'feature_extractor': [None, None], 'requires_safety_checker': False, 'safety_checker': [None, None],
    'scheduler': ['diffusers', 'PNDMScheduler'], 'text_encoder': ['transformers', 'CLIPTextModel'],
    'tokenizer': ['transformers', 'T5Tokenizer'], 'unet': ['diffusers', 'UNet2DConditionModel'],
    'vae': ['diffusers', 'AutoencoderKL'],
}
SCHEDULER = {
    '_class_name': 'PNDMScheduler', '_diffusers_version': '0.8.1', 'beta_end': 0.012, 'beta_schedule': 'scaled_linear',
    'beta_start': 0.00085, 'clip_sample': False, 'num_train_timesteps': 1000, 'prediction_type': 'epsilon',
    'set_alpha_to_one': False, 'skip_prk_steps': True, 'steps_offset': 1,
}


def write_json(folder, name, value):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), 'w', encoding='utf-8') as f:
        json.dump(value, f, ensure_ascii=False, indent=2)
        f.write('\n')


def write_weights(path, state):
    """Half precision, checked against overflow."""
    out = {k: v.detach().to(torch.float16).contiguous() for k, v in state.items()}
    for k, v in out.items():
        if not torch.isfinite(v).all():
            raise ValueError('not f16-safe: ' + k)
    save_file(out, path + '.tmp', metadata={'format': 'pt'})
    os.replace(path + '.tmp', path)
    os.chmod(path, 0o644)


def load_vae(work, init=None):
    """State dict of the autoencoder: the one trained in the work folder, or else that of the model folder `init`."""
    for name in ('decoder.pt', 'vae.pt'):
        path = os.path.join(work, name)
        if os.path.exists(path):
            return torch.load(path)['ema']
    path = os.path.join(init or '', 'vae', 'diffusion_pytorch_model.safetensors')
    return {k: v.float() for k, v in load_file(path).items()}


def export(folder, tokenizer, text, unet, vae, scaling, vocab, noise=0.1, guidance=2.5, sampler='dpmpp-2m'):
    """text, unet and vae are state dicts; the latent's log variance is a constant."""
    write_json(folder, 'model_index.json', INDEX)
    write_json(os.path.join(folder, 'scheduler'), 'scheduler_config.json', SCHEDULER)
    write_json(os.path.join(folder, 'text_encoder'), 'config.json', dict(TEXT_CONFIG, vocab_size=vocab))
    write_json(os.path.join(folder, 'unet'), 'config.json', UNET_CONFIG)
    write_json(os.path.join(folder, 'vae'), 'config.json', dict(VAE_CONFIG, scaling_factor=round(scaling, 6)))
    write_json(folder, 'eshi.json', {'name': '豆', 'sampler': sampler, 'steps': 25, 'guidance': guidance,
                                     'width': 128, 'height': 128})
    if os.path.abspath(tokenizer) != os.path.abspath(os.path.join(folder, 'tokenizer')):
        shutil.copytree(tokenizer, os.path.join(folder, 'tokenizer'), dirs_exist_ok=True)
    vae = {k: v.clone() for k, v in vae.items()}
    z = VAE_CONFIG['latent_channels']
    vae['quant_conv.weight'][z:] = 0
    vae['quant_conv.bias'][z:] = 2 * math.log(noise)
    name = 'diffusion_pytorch_model.safetensors'
    write_weights(os.path.join(folder, 'vae', name), vae)
    write_weights(os.path.join(folder, 'unet', name), unet)
    write_weights(os.path.join(folder, 'text_encoder', 'model.safetensors'),
                  {'text_model.' + k: v for k, v in text.items()})


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    ap.add_argument('--tokenizer', required=True)
    ap.add_argument('--init', help='the model folder that --init of the trainings named: its autoencoder stays')
    ap.add_argument('--random', action='store_true', help='random weights, to try the layout')
    ap.add_argument('--guidance', type=float, default=2.5)
    ap.add_argument('--sampler', default='dpmpp-2m')
    ap.add_argument('-o', '--output', required=True)
    args = ap.parse_args()
    import sentencepiece
    vocab = sentencepiece.SentencePieceProcessor(
        model_file=os.path.join(args.tokenizer, 'spiece.model')).get_piece_size()
    if args.random:
        torch.manual_seed(0)
        parts = [TextEncoder(dict(TEXT_CONFIG, vocab_size=vocab)), UNet(UNET_CONFIG), VAE(VAE_CONFIG)]
        export(args.output, args.tokenizer, *(p.state_dict() for p in parts), 1.0, vocab)
    else:
        u = torch.load(os.path.join(args.work, 'unet.pt'))
        scaling = float(torch.load(os.path.join(args.work, 'latents.pt'))['scaling'])
        part = lambda name: {k[5:]: w for k, w in u['ema'].items() if k.startswith(name)}
        export(args.output, args.tokenizer, part('text.'), part('unet.'), load_vae(args.work, args.init), scaling, vocab, guidance=args.guidance,
               sampler=args.sampler)
    total = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(args.output) for f in fs)
    print(args.output, total, 'bytes')


if __name__ == '__main__':
    main()
