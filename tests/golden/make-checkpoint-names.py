#!/usr/bin/env python3
# make-checkpoint-names.py: pairs of names, diffusers' and those of a single-file checkpoint, for test-checkpoint-names.
#
#   python3 tests/golden/make-checkpoint-names.py tests/golden/checkpoint-names.tsv
#
# The names of a single file are listed here as CompVis' configuration of Stable Diffusion 1.x builds its modules; what
# each of them becomes is diffusers' own converter's answer, and the answers must be all names of diffusers' networks.
#
# SPDX-License-Identifier: MIT

import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

BOTH = ('weight', 'bias')
UNET = dict(sample_size=8, block_out_channels=(32, 64, 128, 128), cross_attention_dim=16, norm_num_groups=8)
VAE = dict(block_out_channels=(32, 64, 96, 96), norm_num_groups=8, latent_channels=4,
           down_block_types=('DownEncoderBlock2D',) * 4, up_block_types=('UpDecoderBlock2D',) * 4, layers_per_block=2)


def both(*stems):
    return ['%s.%s' % (s, e) for s in stems for e in BOTH]


def resnet(at, skip):
    return both(*[at + '.' + part for part in ('in_layers.0', 'in_layers.2', 'emb_layers.1', 'out_layers.0', 'out_layers.3')
                  + (('skip_connection',) if skip else ())])


def transformer(at):
    block = at + '.transformer_blocks.0.'
    names = both(at + '.norm', at + '.proj_in', at + '.proj_out')
    for attention in ('attn1', 'attn2'):
        names += ['%s%s.%s.weight' % (block, attention, p) for p in ('to_q', 'to_k', 'to_v')]
        names += both(block + attention + '.to_out.0')
    return names + both(*[block + p for p in ('ff.net.0.proj', 'ff.net.2', 'norm1', 'norm2', 'norm3')])


def unet_names():
    names = both('time_embed.0', 'time_embed.2', 'input_blocks.0.0', 'out.0', 'out.2')
    for n in (1, 2, 4, 5, 7, 8, 10, 11):
        names += resnet('input_blocks.%d.0' % n, n in (4, 7))
        names += transformer('input_blocks.%d.1' % n) if n < 9 else []
    names += both(*['input_blocks.%d.0.op' % n for n in (3, 6, 9)])
    names += resnet('middle_block.0', False) + transformer('middle_block.1') + resnet('middle_block.2', False)
    for n in range(12):
        names += resnet('output_blocks.%d.0' % n, True)
        names += transformer('output_blocks.%d.1' % n) if n > 2 else []
    return names + both('output_blocks.2.1.conv', 'output_blocks.5.2.conv', 'output_blocks.8.2.conv')


def vae_names():
    names = both('quant_conv', 'post_quant_conv')
    for side, folder, blocks in (('encoder', 'down', 2), ('decoder', 'up', 3)):
        names += both(*['%s.%s' % (side, p) for p in ('conv_in', 'norm_out', 'conv_out')])
        for n in range(4):
            wider = n in ((1, 2) if side == 'encoder' else (0, 1))
            for b in range(blocks):
                at = '%s.%s.%d.block.%d.' % (side, folder, n, b)
                names += both(*[at + p for p in ('norm1', 'conv1', 'norm2', 'conv2')])
                names += both(at + 'nin_shortcut') if wider and b == 0 else []
        names += both(*['%s.down.%d.downsample.conv' % (side, n) for n in range(3)]) if side == 'encoder' else \
            both(*['%s.up.%d.upsample.conv' % (side, n) for n in (1, 2, 3)])
        for b in (1, 2):
            names += both(*['%s.mid.block_%d.%s' % (side, b, p) for p in ('norm1', 'conv1', 'norm2', 'conv2')])
        names += both(*['%s.mid.attn_1.%s' % (side, p) for p in ('norm', 'q', 'k', 'v', 'proj_out')])
    return names


def pairs(part, prefix, names, convert, module):
    """Each tensor's only value is its number, so that it is known again after the converter has renamed it."""
    source = {prefix + name: torch.full((1, 1, 1, 1) if name.endswith('weight') else (1,), float(i))
              for i, name in enumerate(names)}
    result = convert(dict(source))
    wanted = set(module.state_dict())
    assert set(result) == wanted, (sorted(wanted - set(result))[:5], sorted(set(result) - wanted)[:5])
    for name, value in result.items():
        yield part, name, prefix + names[int(value.reshape(-1)[0])]


def main():
    unet, vae = UNet2DConditionModel(**UNET), AutoencoderKL(**VAE)
    config = dict(unet.config)
    rows = list(pairs('unet', 'model.diffusion_model.', unet_names(),
                      lambda s: convert_ldm_unet_checkpoint(s, config), unet))
    rows += pairs('vae', 'first_stage_model.', vae_names(), lambda s: convert_ldm_vae_checkpoint(s, dict(vae.config)), vae)
    with open(sys.argv[1], 'w', encoding='utf-8') as f:
        f.write('# part\tname in a folder\tname in a single file; made by make-checkpoint-names.py\n')
        for row in sorted(rows):
            f.write('\t'.join(row) + '\n')
    print({part: sum(r[0] == part for r in rows) for part in ('unet', 'vae')})


main()
