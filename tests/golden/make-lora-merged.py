#!/usr/bin/env python3
# make-lora-merged.py: LoRA files of each family for the small model, text encoder included, as diffusers and peft read
# and merge them: what its UNet and its text encoder give afterwards, for test-lora.
#
#   pip install diffusers==0.42.1 transformers==5.23.0 torch==2.15.0 peft==0.21.2 accelerate sentencepiece
#   python3 tests/golden/make-lora-merged.py tests/golden/lora-merged
#
# SPDX-License-Identifier: MIT

import sys
from pathlib import Path

import diffusers
import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

from filled import NOISE, TEXT, fill, make_unet, make_vae, uniform

WEIGHT = 0.8
RANK = 2
IDS = [4, 40, 41, 42, 43, 2, 3]

BLOCK = 'transformer_blocks.0.'
ATTENTION = ['down_blocks.0.attentions.0.' + BLOCK + 'attn1.to_q', 'down_blocks.0.attentions.1.' + BLOCK + 'attn2.to_k',
             'up_blocks.1.attentions.2.' + BLOCK + 'attn1.to_out.0', 'mid_block.attentions.0.' + BLOCK + 'attn2.to_v']
LINEAR = ATTENTION + ['up_blocks.1.attentions.0.' + BLOCK + 'ff.net.0.proj', 'mid_block.attentions.0.' + BLOCK + 'ff.net.2']
POINTS = ['down_blocks.0.attentions.0.proj_in', 'up_blocks.1.attentions.1.proj_out']
CONV = POINTS + ['down_blocks.1.resnets.0.conv1', 'down_blocks.0.downsamplers.0.conv', 'up_blocks.0.resnets.1.conv_shortcut',
                 'mid_block.resnets.0.time_emb_proj', 'conv_in', 'time_embedding.linear_2']
TEXTS = ['encoder.layers.0.self_attn.q_proj', 'encoder.layers.0.self_attn.out_proj', 'encoder.layers.1.self_attn.v_proj']
MLP = ['encoder.layers.0.mlp.fc1', 'encoder.layers.1.mlp.fc2']

# In the training code's words, for two levels of two blocks; written out from the naming of its blocks.
ORIGINAL = {
    ATTENTION[0]: 'input_blocks_1_1_transformer_blocks_0_attn1_to_q',
    ATTENTION[1]: 'input_blocks_2_1_transformer_blocks_0_attn2_to_k',
    ATTENTION[2]: 'output_blocks_5_1_transformer_blocks_0_attn1_to_out_0',
    ATTENTION[3]: 'middle_block_1_transformer_blocks_0_attn2_to_v',
    LINEAR[4]: 'output_blocks_3_1_transformer_blocks_0_ff_net_0_proj',
    LINEAR[5]: 'middle_block_1_transformer_blocks_0_ff_net_2',
}


def kohya(part, layer):
    stem = ('lora_unet_' if part == 'unet' else 'lora_te_text_model_') + layer.replace('.', '_')
    return stem + '.lora_down.weight', stem + '.lora_up.weight', stem + '.alpha'


def original(part, layer):
    stem = 'lora_unet_' + ORIGINAL[layer] if part == 'unet' else 'lora_te_text_model_' + layer.replace('.', '_')
    return stem + '.lora_down.weight', stem + '.lora_up.weight', stem + '.alpha'


def processor(part, layer):
    if part == 'text':
        stem = f'text_encoder.text_model.{layer}.lora_linear_layer'
        return stem + '.down.weight', stem + '.up.weight', None
    head, _, name = layer.removesuffix('.0').rpartition('.')
    stem = f'unet.{head}.processor.{name}_lora'
    return stem + '.down.weight', stem + '.up.weight', None


def newer(part, layer):
    stem = f'unet.{layer}.lora' if part == 'unet' else f'text_encoder.text_model.{layer}.lora_linear_layer'
    return stem + '.down.weight', stem + '.up.weight', None


def peft(part, layer):
    stem = f'unet.{layer}' if part == 'unet' else f'text_encoder.text_model.{layer}'
    return stem + '.lora_A.weight', stem + '.lora_B.weight', None


# family: names, layers of the UNet, of the text encoder, alpha, type
FAMILIES = {
    'kohya': (kohya, LINEAR + POINTS, TEXTS + MLP, 1.0, torch.float16),
    'kohya-conv': (kohya, LINEAR + CONV, TEXTS + MLP, 3.0, torch.bfloat16),
    'kohya-original': (original, LINEAR, TEXTS + MLP, 1.0, torch.float32),
    'processor': (processor, ATTENTION, TEXTS, None, torch.float32),
    'newer': (newer, LINEAR, TEXTS, None, torch.bfloat16),
    'peft': (peft, LINEAR + CONV, TEXTS + MLP, None, torch.bfloat16),
}


def make_text():
    wrapper = torch.nn.Module()
    wrapper.text_model = CLIPTextModel(CLIPTextConfig(**TEXT))
    return fill(wrapper, {}).text_model


def make_file(path, family, unet, text):
    names, unet_layers, text_layers, alpha, dtype = FAMILIES[family]
    weights = {'unet': dict(unet.named_parameters()),
               'text': {key.removeprefix('text_model.'): value for key, value in text.named_parameters()}}
    tensors = {}
    for part, layers in (('unet', unet_layers), ('text', text_layers)):
        for layer in layers:
            shape = weights[part][layer + '.weight'].shape
            down, up, alpha_name = names(part, layer)
            down_shape = (RANK, *shape[1:])
            up_shape = (shape[0], RANK) + (1,) * (len(shape) - 2)
            for name, size in ((down, down_shape), (up, up_shape)):
                count = torch.Size(size).numel()
                values = torch.from_numpy(uniform(f'{family}:{name}', count) * (3 * RANK / count) ** 0.5 * 2)
                tensors[name] = values.reshape(size).to(dtype)
            if alpha is not None:
                tensors[alpha_name] = torch.tensor(alpha, dtype=dtype)
    save_file(tensors, path)


def make_pipeline():
    return diffusers.StableDiffusionPipeline(
        vae=make_vae(), text_encoder=make_text(), tokenizer=None, unet=make_unet(),
        scheduler=diffusers.DDIMScheduler(**NOISE), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False)


def load(pipeline, path):
    """load_lora_weights(), which would not know the training code's names without the UNet's sizes."""
    state, alphas = pipeline.lora_state_dict(path, unet_config=pipeline.unet.config)[:2]
    pipeline.load_lora_into_unet(state, network_alphas=alphas, unet=pipeline.unet, adapter_name='one')
    pipeline.load_lora_into_text_encoder(state, network_alphas=alphas, text_encoder=pipeline.text_encoder,
                                         lora_scale=1.0, adapter_name='one')


def get_input(name, *shape):
    return torch.from_numpy((uniform(name, torch.Size(shape).numel()) * 3 ** 0.5)).float().reshape(shape)


def run(pipeline):
    return {'unet': pipeline.unet(get_input('input:latent', 1, 4, 8, 6), torch.tensor(500.0),
                                  get_input('input:context', 1, 7, 64)).sample.contiguous(),
            'text': pipeline.text_encoder(torch.tensor([IDS]))[0].contiguous()}


@torch.no_grad()
def main():
    top = Path(sys.argv[1])
    top.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    diffusers.utils.logging.set_verbosity_error()
    outputs = {}
    plain = run(make_pipeline())
    for family in FAMILIES:
        pipeline = make_pipeline()
        path = top / f'{family}.safetensors'
        make_file(path, family, pipeline.unet, pipeline.text_encoder)
        load(pipeline, path)
        pipeline.fuse_lora(components=['unet', 'text_encoder'], lora_scale=WEIGHT, adapter_names=['one'])
        pipeline.unload_lora_weights()
        for part, values in run(pipeline).items():
            outputs[f'{family}/{part}'] = values
            change = (values - plain[part]).abs().max()
            assert change > 0.01, (family, part)
            print(f'{family}/{part}: {values.flatten()[:3].tolist()}, changed by up to {change:.2f}')
    save_file(outputs, top / 'expected.safetensors')


main()
