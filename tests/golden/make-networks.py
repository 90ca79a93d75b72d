#!/usr/bin/env python3
# make-networks.py: small random networks of diffusers and transformers with their inputs and outputs, for test-goldens.
#
# They differ from the published models wherever the files allow it: odd sizes, other numbers of levels, layers, heads
# and groups, linear projections, a list of heads, both activations, weights in f16 and bf16.
#
#   python3 tests/golden/make-networks.py tests/golden/networks
#
# SPDX-License-Identifier: MIT

import json
import sys
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

UNETS = {
    # 13 halves to 7 and 4, 9 to 5 and 3: no step on the way up is a doubling.
    'unet-odd': (torch.float16, (1, 13, 9), 511.25, dict(
        sample_size=8, block_out_channels=(8, 16, 24), norm_num_groups=8, layers_per_block=1,
        down_block_types=('DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'),
        up_block_types=('CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'),
        cross_attention_dim=20, attention_head_dim=(2, 4, 3))),
    'unet-linear': (torch.bfloat16, (2, 6, 5), 3.0, dict(
        sample_size=8, block_out_channels=(8, 16), norm_num_groups=4, layers_per_block=3,
        down_block_types=('CrossAttnDownBlock2D', 'DownBlock2D'),
        up_block_types=('UpBlock2D', 'CrossAttnUpBlock2D'),
        cross_attention_dim=12, attention_head_dim=4, use_linear_projection=True)),
    # One level, one pixel.
    'unet-one': (torch.float32, (1, 1, 1), 999.0, dict(
        sample_size=8, block_out_channels=(8,), norm_num_groups=2, layers_per_block=1,
        down_block_types=('DownBlock2D',), up_block_types=('CrossAttnUpBlock2D',),
        cross_attention_dim=4, attention_head_dim=1)),
}

VAES = {
    'vae-three': (torch.float16, (3, 5), dict(
        block_out_channels=(8, 12, 16), layers_per_block=1, norm_num_groups=4, sample_size=32,
        down_block_types=('DownEncoderBlock2D',) * 3, up_block_types=('UpDecoderBlock2D',) * 3)),
    'vae-no-quant': (torch.float32, (4, 3), dict(
        block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=8, sample_size=32,
        down_block_types=('DownEncoderBlock2D',) * 2, up_block_types=('UpDecoderBlock2D',) * 2,
        use_quant_conv=False, use_post_quant_conv=False, mid_block_add_attention=False)),
}

TEXTS = {
    'text-gelu': (torch.float16, (2, 9), dict(
        vocab_size=50, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3,
        max_position_embeddings=11, hidden_act='gelu')),
    'text-quick': (torch.bfloat16, (1, 5), dict(
        vocab_size=40, hidden_size=16, intermediate_size=64, num_hidden_layers=1, num_attention_heads=1,
        max_position_embeddings=5, hidden_act='quick_gelu')),
}


def randomize(model, dtype):
    """Weights of a size at which every layer matters, rounded to what the file will hold."""
    for name, value in model.named_parameters():
        noise = torch.randn(value.shape)
        if value.dim() == 1:
            noise = noise * 0.2 + (1.0 if name.endswith('weight') else 0.0)
        else:
            noise = noise / (value[0].numel() ** 0.5)
        value.data = noise.to(dtype).float()
    return model.eval()


def save_weights(model, path, name, config, dtype):
    path.mkdir(parents=True, exist_ok=True)
    tensors = {key: value.to(dtype).contiguous() for key, value in model.state_dict().items()
               if 'position_ids' not in key}
    save_file(tensors, path / name)
    (path / 'config.json').write_text(json.dumps(config, indent=1) + '\n')


def save_case(folder, inputs, outputs):
    save_file({key: value.contiguous() for key, value in inputs.items()}, folder / 'input.safetensors')
    save_file({key: value.contiguous() for key, value in outputs.items()}, folder / 'expected.safetensors')


def make_unet(folder, dtype, size, timestep, config):
    model = randomize(UNet2DConditionModel(**config), dtype)
    save_weights(model, folder / 'unet', 'diffusion_pytorch_model.safetensors', config, dtype)
    n, height, width = size
    latent = torch.randn(n, 4, height, width)
    context = torch.randn(n, 7, config['cross_attention_dim'])
    output = model(latent, torch.tensor([timestep]), context).sample
    save_case(folder, {'latent': latent, 'context': context, 'timestep': torch.tensor([timestep])},
              {'output': output})


def make_vae(folder, dtype, size, config):
    model = randomize(AutoencoderKL(**config), dtype)
    save_weights(model, folder / 'vae', 'diffusion_pytorch_model.safetensors', config, dtype)
    factor = 2 ** (len(config['block_out_channels']) - 1)
    z = torch.randn(1, 4, *size)
    image = torch.rand(1, 3, size[0] * factor, size[1] * factor) * 2 - 1
    latents = model.encode(image).latent_dist
    save_case(folder, {'z': z, 'image': image},
              {'image': model.decode(z).sample, 'mean': latents.mean, 'logvar': latents.logvar})


def make_text(folder, dtype, size, config):
    model = randomize(CLIPTextModel(CLIPTextConfig(**config, bos_token_id=0, eos_token_id=2, pad_token_id=1)), dtype)
    save_weights(model, folder / 'text_encoder', 'model.safetensors', config, dtype)
    ids = torch.randint(0, config['vocab_size'], size)
    save_case(folder, {'ids': ids}, {'hidden': model(ids).last_hidden_state})


@torch.no_grad()
def main():
    top = Path(sys.argv[1])
    torch.set_num_threads(1)
    for i, (name, (dtype, size, timestep, config)) in enumerate(UNETS.items()):
        torch.manual_seed(i)
        make_unet(top / name, dtype, size, timestep, config)
    for i, (name, (dtype, size, config)) in enumerate(VAES.items()):
        torch.manual_seed(100 + i)
        make_vae(top / name, dtype, size, config)
    for i, (name, (dtype, size, config)) in enumerate(TEXTS.items()):
        torch.manual_seed(200 + i)
        make_text(top / name, dtype, size, config)


main()
