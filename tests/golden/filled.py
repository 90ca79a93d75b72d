"""The small model of tests/pipeline/model-folder.c for diffusers: the same sizes, weights by the same rule, the same ids.

README.md has the rule. Used by the scripts beside it; it runs under diffusers 0.8.1 and 0.42.1 alike.

SPDX-License-Identifier: MIT
"""

import json
import math
from pathlib import Path

import numpy
import sentencepiece
import torch

GOLDEN = Path(__file__).resolve().parent
TEXT = dict(vocab_size=400, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4,
            hidden_act='quick_gelu', max_position_embeddings=77, bos_token_id=1, eos_token_id=2, pad_token_id=3)
UNET = dict(sample_size=8, block_out_channels=(32, 64), cross_attention_dim=64, layers_per_block=2,
            down_block_types=('CrossAttnDownBlock2D', 'DownBlock2D'),
            up_block_types=('UpBlock2D', 'CrossAttnUpBlock2D'))
VAE = dict(sample_size=64, block_out_channels=(16,) * 4, norm_num_groups=8, layers_per_block=1, latent_channels=4,
           down_block_types=('DownEncoderBlock2D',) * 4, up_block_types=('UpDecoderBlock2D',) * 4)
NOISE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear', num_train_timesteps=1000)

# Of the autoencoder's attention, whose values belong to the names of 2022.
OLD_NAMES = {'.to_q.': '.query.', '.to_k.': '.key.', '.to_v.': '.value.', '.to_out.0.': '.proj_attn.'}


def uniform(name, count):
    seed = 0xcbf29ce484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001b3 % 2 ** 64
    with numpy.errstate(over='ignore'):
        z = numpy.uint64(seed) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9e3779b97f4a7c15)
        z = (z ^ z >> numpy.uint64(30)) * numpy.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ z >> numpy.uint64(27)) * numpy.uint64(0x94d049bb133111eb)
    return ((z ^ z >> numpy.uint64(31)) >> numpy.uint64(40)).astype(numpy.float64) * 2.0 ** -23 - 1


def fill(model, rename):
    for name, value in model.named_parameters():
        for new, old in rename.items():
            name = name.replace(new, old)
        scale = 0.1 if value.dim() == 1 else math.sqrt(3 / (value.numel() // value.shape[0]))
        offset = 1 if value.dim() == 1 and name.endswith('.weight') else 0
        values = (offset + scale * uniform(name, value.numel())).astype(numpy.float32)
        value.data = torch.from_numpy(values).reshape(value.shape)
    return model.eval()


def get_ids(prompt, file=GOLDEN / 'tokenizer-small.model'):
    words = sentencepiece.SentencePieceProcessor(model_file=str(file))
    ids = words.encode(prompt.lower())[:76] + [2]
    return torch.tensor([ids + [3] * (77 - len(ids))])


def encode(prompts):
    """[n, 77, 64]"""
    from transformers import CLIPTextConfig, CLIPTextModel
    model = CLIPTextModel(CLIPTextConfig(**TEXT))
    names = dict(model.named_parameters())
    prefix = {} if any(name.startswith('text_model.') for name in names) else {'': 'text_model.'}
    if prefix:
        wrapper = torch.nn.Module()
        wrapper.text_model = model
        fill(wrapper, {})
    else:
        fill(model, {})
    return torch.cat([model(get_ids(prompt))[0] for prompt in prompts])


def make_unet():
    from diffusers import UNet2DConditionModel
    return fill(UNet2DConditionModel(**UNET), {})


def make_vae():
    from diffusers import AutoencoderKL
    return fill(AutoencoderKL(**VAE), OLD_NAMES)


def load_part(make, folder):
    """A network of a model folder in f32, under the names that this version gives its layers."""
    from safetensors.torch import load_file
    config = {name: value for name, value in json.loads((folder / 'config.json').read_text()).items()
              if not name.startswith('_') and name not in ('architectures', 'model_type', 'torch_dtype')}
    model = make(config).eval()
    state = {}
    for name, value in load_file(next(folder.glob('*.safetensors'))).items():
        spellings = [name, name.removeprefix('text_model.')]
        spellings += [name.replace(old, new) for new, old in OLD_NAMES.items()]
        spellings += [name.replace(new, old) for new, old in OLD_NAMES.items()]
        state[next(each for each in spellings if each in model.state_dict())] = value.float()
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert not [name for name in missing if 'position_ids' not in name], missing
    return model


def load_trained(folder, prompts):
    """UNet, autoencoder and encoded prompts of a model folder, all in f32."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel
    folder = Path(folder)
    text = load_part(lambda config: CLIPTextModel(CLIPTextConfig(**config)), folder / 'text_encoder')
    ids = [get_ids(prompt, folder / 'tokenizer' / 'spiece.model') for prompt in prompts]
    unet = load_part(UNet2DConditionModel.from_config, folder / 'unet')
    vae = load_part(AutoencoderKL.from_config, folder / 'vae')
    return unet, vae, torch.cat([text(each)[0] for each in ids])


def thin(picture):
    """Every 61st value of a picture [1, 3, h, w], of its [h, w, 3]: rows, columns and colours in turn."""
    return picture[0].permute(1, 2, 0).flatten()[::61].contiguous()
