#!/usr/bin/env python3
# make-lora.py: LoRA files of every family for one small UNet of diffusers, and what that UNet gives with them merged.
#
# W' = W + Σ weight · (alpha / r) · up · down is computed in f64 by the formula, apart from any library's reading of the
# files; with peft installed, diffusers' own load_lora_weights() is asked about the kohya and PEFT files besides.
#
#   python3 tests/golden/make-lora.py tests/golden/networks/unet-linear tests/golden/networks/unet-odd tests/golden/lora
#
# SPDX-License-Identifier: MIT

import json
import sys
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file

ATTENTION = 'up_blocks.1.attentions.0.transformer_blocks.0.'

# Layers of unet-linear by family: what each kind of file can name.
PLAIN = ['down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q',
         'down_blocks.0.attentions.2.transformer_blocks.0.attn2.to_k',
         ATTENTION + 'attn1.to_out.0', ATTENTION + 'attn2.to_v']
LINEAR = PLAIN + [ATTENTION + 'ff.net.0.proj', ATTENTION + 'ff.net.2', 'mid_block.attentions.0.proj_in',
                  'up_blocks.1.attentions.3.proj_out']
CONV = ['conv_in', 'down_blocks.0.downsamplers.0.conv', 'down_blocks.1.resnets.0.conv_shortcut',
        'down_blocks.1.resnets.2.conv2', 'mid_block.resnets.1.time_emb_proj', 'time_embedding.linear_1',
        'up_blocks.0.upsamplers.0.conv', 'up_blocks.0.resnets.3.conv1']

# The same layers in the original's words, written out by hand from the table of specification 1.8 for levels of three.
ORIGINAL = {
    PLAIN[0]: 'input_blocks_1_1_transformer_blocks_0_attn1_to_q',
    PLAIN[1]: 'input_blocks_3_1_transformer_blocks_0_attn2_to_k',
    PLAIN[2]: 'output_blocks_4_1_transformer_blocks_0_attn1_to_out_0',
    PLAIN[3]: 'output_blocks_4_1_transformer_blocks_0_attn2_to_v',
    LINEAR[4]: 'output_blocks_4_1_transformer_blocks_0_ff_net_0_proj',
    LINEAR[5]: 'output_blocks_4_1_transformer_blocks_0_ff_net_2',
    LINEAR[6]: 'middle_block_1_proj_in',
    LINEAR[7]: 'output_blocks_7_1_proj_out',
    CONV[0]: 'input_blocks_0_0',
    CONV[1]: 'input_blocks_4_0_op',
    CONV[2]: 'input_blocks_5_0_skip_connection',
    CONV[3]: 'input_blocks_7_0_out_layers_3',
    CONV[4]: 'middle_block_2_emb_layers_1',
    CONV[5]: 'time_embed_0',
    CONV[6]: 'output_blocks_3_1_conv',
    CONV[7]: 'output_blocks_3_0_in_layers_2',
}


def factors(weight, rank, dtype):
    """down [r, in, …] and up [out, r, 1, …] of the layer's own number of dimensions, rounded to what the file holds."""
    down = torch.randn(rank, *weight.shape[1:]) / weight[0].numel() ** 0.5
    up = torch.randn(weight.shape[0], rank, *[1] * (weight.dim() - 2))
    return down.to(dtype), up.to(dtype)


def change(down, up, alpha):
    rank = down.shape[0]
    return (alpha or rank) / rank * torch.einsum('or,r...->o...', up.double().flatten(1), down.double())


def kohya(name):
    return 'lora_unet_' + name.replace('.', '_'), '.lora_down.weight', '.lora_up.weight'


def original(name):
    return 'lora_unet_' + ORIGINAL[name], '.lora_down.weight', '.lora_up.weight'


def processor(name, prefix='unet.'):
    head, _, layer = name.removesuffix('.0').rpartition('.')
    return f'{prefix}{head}.processor.{layer}_lora', '.down.weight', '.up.weight'


def oldest(name):
    return processor(name, '')


def newer(name):
    return 'unet.' + name, '.lora.down.weight', '.lora.up.weight'


def peft(name):
    return 'unet.' + name, '.lora_A.weight', '.lora_B.weight'


def wrapped(name):
    return 'base_model.model.unet.' + name, '.lora_A.default.weight', '.lora_B.default.weight'


# family -> names, layers, rank, type, alpha (None: absent), metadata
FAMILIES = {
    'kohya': (kohya, LINEAR, 4, torch.float16, 2.0, None),
    'locon': (kohya, LINEAR + CONV, 3, torch.bfloat16, 0.0, None),
    'original': (original, LINEAR + CONV, 2, torch.float32, 1.5, None),
    'processor': (processor, PLAIN, 1, torch.float32, None, None),
    'oldest': (oldest, PLAIN, 5, torch.float32, None, None),
    'newer': (newer, LINEAR, 2, torch.bfloat16, None, None),
    'peft': (peft, LINEAR, 3, torch.float32, None, {'unet.r': 3, 'unet.lora_alpha': 6}),
    'wrapped': (wrapped, LINEAR, 1, torch.float16, None, None),
}


def make(model, path, family, squeeze=False):
    names, layers, rank, dtype, alpha, metadata = FAMILIES[family]
    weights = dict(model.named_parameters())
    tensors, changes = {}, {}
    for layer in layers:
        weight = weights[layer + '.weight']
        down, up = factors(weight, rank, dtype)
        stem, first, second = names(layer)
        effective = metadata['unet.lora_alpha'] if metadata else alpha
        changes[layer + '.weight'] = change(down, up, effective)
        if squeeze:  # a linear layer's factors for a convolution of 1 × 1, and the other way round
            down, up = ((t.flatten(1) if t.dim() == 4 else t[:, :, None, None]) for t in (down, up))
        tensors[stem + first] = down.contiguous()
        tensors[stem + second] = up.contiguous()
        if alpha is not None:
            tensors[stem + '.alpha'] = torch.tensor(alpha, dtype=dtype)
    if family == 'kohya':  # what the UNet does not have
        tensors['lora_unet_no_such_layer.lora_down.weight'] = torch.ones(1, 2)
        tensors['lora_unet_no_such_layer.lora_up.weight'] = torch.ones(2, 1)
        tensors['something.else'] = torch.ones(1)
    text = {'lora_adapter_metadata': json.dumps(metadata)} if metadata else None
    save_file(tensors, path, metadata=text)
    return changes


def run(folder, merges):
    model = UNet2DConditionModel(**json.loads((folder / 'unet/config.json').read_text()))
    state = {key: value.float() for key, value in
             load_file(folder / 'unet/diffusion_pytorch_model.safetensors').items()}
    for weight, changes in merges:
        for key, value in changes.items():
            state[key] = (state[key].double() + weight * value.reshape(state[key].shape)).float()
    model.load_state_dict(state)
    given = load_file(folder / 'input.safetensors')
    return model.eval()(given['latent'], given['timestep'], given['context']).sample.contiguous()


def load(folder):
    return UNet2DConditionModel(**json.loads((folder / 'unet/config.json').read_text()))


def ask_diffusers(folder, path):
    """The output by diffusers' own reading of the file; None without peft."""
    try:
        import peft  # noqa: F401
    except ImportError:
        return None
    from diffusers.loaders import StableDiffusionLoraLoaderMixin
    model = load(folder)
    model.load_state_dict({key: value.float() for key, value in
                           load_file(folder / 'unet/diffusion_pytorch_model.safetensors').items()})
    state = {key: value.float() for key, value in load_file(path).items()
             if 'no_such_layer' not in key and key != 'something.else'}
    state, alphas = StableDiffusionLoraLoaderMixin.lora_state_dict(state, unet_config=model.config)[:2]
    StableDiffusionLoraLoaderMixin.load_lora_into_unet(state, network_alphas=alphas, unet=model)
    given = load_file(folder / 'input.safetensors')
    return model.eval()(given['latent'], given['timestep'], given['context']).sample


@torch.no_grad()
def main():
    linear, odd, top = map(Path, sys.argv[1:4])
    torch.set_num_threads(1)
    top.mkdir(parents=True, exist_ok=True)
    model = load(linear)
    outputs, changes = {}, {}
    for i, family in enumerate(FAMILIES):
        torch.manual_seed(i)
        path = top / f'{family}.safetensors'
        changes[family] = make(model, path, family)
        outputs[family] = run(linear, [(0.8, changes[family])])
    outputs['two'] = run(linear, [(0.7, changes['kohya']), (-0.3, changes['locon'])])
    for family in ('kohya', 'processor', 'newer'):
        theirs = ask_diffusers(linear, top / f'{family}.safetensors')
        if theirs is not None:
            ours = run(linear, [(1.0, changes[family])])
            print(f'{family}: diffusers differs by {(theirs - ours).abs().max():.1e}')

    # unet-odd has convolutions of 1 × 1 where unet-linear has linear layers.
    torch.manual_seed(100)
    FAMILIES['squeezed'] = (kohya, ['down_blocks.1.attentions.0.proj_in', 'mid_block.attentions.0.proj_out',
                                    'mid_block.attentions.0.transformer_blocks.0.attn1.to_v'],
                            2, torch.float32, 1.0, None)
    outputs['squeezed'] = run(odd, [(0.8, make(load(odd), top / 'squeezed.safetensors', 'squeezed', squeeze=True))])
    save_file(outputs, top / 'expected.safetensors')


main()
