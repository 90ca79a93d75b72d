"""The three networks of 豆, written for fast training on CPUs.

Parameter names and arithmetic are those of the diffusers folder layout
(AutoencoderKL, UNet2DConditionModel) and of the CLIP text tower, so a state dict
goes to and from a model folder unchanged.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

VAE_CONFIG = {
    '_class_name': 'AutoencoderKL', '_diffusers_version': '0.8.1', 'in_channels': 3, 'out_channels': 3,
    'down_block_types': ['DownEncoderBlock2D'] * 4, 'up_block_types': ['UpDecoderBlock2D'] * 4,
    'block_out_channels': [32, 32, 64, 128], 'layers_per_block': 1, 'act_fn': 'silu',
    'latent_channels': 4, 'norm_num_groups': 8, 'sample_size': 128, 'scaling_factor': 1.0,
}
UNET_CONFIG = {
    '_class_name': 'UNet2DConditionModel', '_diffusers_version': '0.8.1', 'sample_size': 16,
    'in_channels': 4, 'out_channels': 4, 'center_input_sample': False, 'flip_sin_to_cos': True, 'freq_shift': 0,
    'down_block_types': ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    'up_block_types': ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    'block_out_channels': [64, 64, 160, 256], 'layers_per_block': 1, 'downsample_padding': 1,
    'mid_block_scale_factor': 1, 'act_fn': 'silu', 'norm_num_groups': 16, 'norm_eps': 1e-5,
    'cross_attention_dim': 256, 'attention_head_dim': 4,
}
TEXT_CONFIG = {
    'architectures': ['CLIPTextModel'], 'model_type': 'clip_text_model', 'attention_dropout': 0.0, 'dropout': 0.0,
    'hidden_act': 'quick_gelu', 'hidden_size': 256, 'intermediate_size': 1024, 'num_hidden_layers': 4,
    'num_attention_heads': 4, 'max_position_embeddings': 77, 'layer_norm_eps': 1e-5, 'projection_dim': 256,
    'vocab_size': 6000, 'bos_token_id': 1, 'eos_token_id': 2, 'pad_token_id': 3, 'initializer_factor': 1.0,
    'initializer_range': 0.02, 'torch_dtype': 'float16',
}


class Resnet(nn.Module):
    """Two 3x3 convolutions with group norms; the time embedding is optional."""

    def __init__(self, cin, cout, groups, time=0, eps=1e-5):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, cin, eps)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        if time:
            self.time_emb_proj = nn.Linear(time, cout)
        self.norm2 = nn.GroupNorm(groups, cout, eps)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        if cin != cout:
            self.conv_shortcut = nn.Conv2d(cin, cout, 1)
        self.time, self.same = time, cin == cout

    def forward(self, x, temb=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if self.time:
            h = h + self.time_emb_proj(temb)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.same else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    """Multi-head attention over [B,N,C]; context defaults to the input."""

    def __init__(self, dim, heads, context=0, bias=False):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(dim, dim, bias=bias)
        self.to_k = nn.Linear(context or dim, dim, bias=bias)
        self.to_v = nn.Linear(context or dim, dim, bias=bias)
        self.to_out = nn.ModuleList([nn.Linear(dim, dim)])

    def forward(self, x, context=None):
        c = x if context is None else context
        b, n, d = x.shape
        q = self.to_q(x).view(b, n, self.heads, -1).transpose(1, 2)
        k = self.to_k(c).view(b, c.shape[1], self.heads, -1).transpose(1, 2)
        v = self.to_v(c).view(b, c.shape[1], self.heads, -1).transpose(1, 2)
        o = F.scaled_dot_product_attention(q, k, v)
        return self.to_out[0](o.transpose(1, 2).reshape(b, n, d))


class GEGLU(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.proj = nn.Linear(dim, dim * 8)

    def forward(self, x):
        a, g = self.proj(x).chunk(2, -1)
        return a * F.gelu(g)


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.ModuleList([GEGLU(dim), nn.Identity(), nn.Linear(dim * 4, dim)])

    def forward(self, x):
        return self.net[2](self.net[0](x))


class Block(nn.Module):
    """Self attention, attention to the words, feed-forward."""

    def __init__(self, dim, heads, context):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn1 = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim)
        self.attn2 = Attention(dim, heads, context)
        self.norm3 = nn.LayerNorm(dim)
        self.ff = FeedForward(dim)

    def forward(self, x, c):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), c)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    """A Block over the pixels of a feature map."""

    def __init__(self, dim, heads, context, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, dim, 1e-6)
        self.proj_in = nn.Conv2d(dim, dim, 1)
        self.transformer_blocks = nn.ModuleList([Block(dim, heads, context)])
        self.proj_out = nn.Conv2d(dim, dim, 1)

    def forward(self, x, c):
        b, d, h, w = x.shape
        y = self.proj_in(self.norm(x)).permute(0, 2, 3, 1).reshape(b, h * w, d)
        y = self.transformer_blocks[0](y, c)
        return self.proj_out(y.reshape(b, h, w, d).permute(0, 3, 1, 2)) + x


class Down(nn.Module):
    def __init__(self, c, pad):
        super().__init__()
        self.pad = pad
        self.conv = nn.Conv2d(c, c, 3, 2, pad)

    def forward(self, x):
        return self.conv(x if self.pad else F.pad(x, (0, 1, 0, 1)))


class Up(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode='nearest'))


class Stage(nn.Module):
    """A named group of resnets, attentions and a resampler."""

    def __init__(self, resnets, attentions=None, down=None, up=None):
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        self.attentions = nn.ModuleList(attentions) if attentions else None
        self.downsamplers = nn.ModuleList([down]) if down else None
        self.upsamplers = nn.ModuleList([up]) if up else None


class UNet(nn.Module):
    """UNet2DConditionModel for the configuration keys above."""

    def __init__(self, cfg):
        super().__init__()
        ch, depth, g = cfg['block_out_channels'], cfg['layers_per_block'], cfg['norm_num_groups']
        heads, ctx, t = cfg['attention_head_dim'], cfg['cross_attention_dim'], ch[0] * 4
        attn = ['CrossAttn' in n for n in cfg['down_block_types']]
        self.width = ch[0]
        self.time_embedding = nn.ModuleDict({'linear_1': nn.Linear(ch[0], t), 'linear_2': nn.Linear(t, t)})
        self.conv_in = nn.Conv2d(4, ch[0], 3, padding=1)
        self.down_blocks, skips, c = nn.ModuleList(), [ch[0]], ch[0]
        for i, o in enumerate(ch):
            res, att = [], []
            for _ in range(depth):
                res.append(Resnet(c, o, g, t))
                c = o
                skips.append(c)
                if attn[i]:
                    att.append(Transformer(c, heads, ctx, g))
            last = i == len(ch) - 1
            self.down_blocks.append(Stage(res, att, down=None if last else Down(c, 1)))
            if not last:
                skips.append(c)
        self.mid_block = Stage([Resnet(c, c, g, t), Resnet(c, c, g, t)], [Transformer(c, heads, ctx, g)])
        self.up_blocks = nn.ModuleList()
        for i in reversed(range(len(ch))):
            res, att = [], []
            for _ in range(depth + 1):
                res.append(Resnet(c + skips.pop(), ch[i], g, t))
                c = ch[i]
                if attn[i]:
                    att.append(Transformer(c, heads, ctx, g))
            self.up_blocks.append(Stage(res, att, up=Up(c) if i else None))
        self.conv_norm_out = nn.GroupNorm(g, c)
        self.conv_out = nn.Conv2d(c, 4, 3, padding=1)

    def time_features(self, t):
        """SiLU of the time embedding, as every resnet reads it."""
        half = self.width // 2
        freq = torch.exp(-math.log(10000) * torch.arange(half, dtype=torch.float32) / half)
        arg = t[:, None].float() * freq
        e = torch.cat([arg.cos(), arg.sin()], -1)
        return F.silu(self.time_embedding['linear_2'](F.silu(self.time_embedding['linear_1'](e))))

    def forward(self, x, t, context):
        e = self.time_features(t)
        h = self.conv_in(x)
        skips = [h]
        for s in self.down_blocks:
            for j, r in enumerate(s.resnets):
                h = r(h, e)
                if s.attentions is not None:
                    h = s.attentions[j](h, context)
                skips.append(h)
            if s.downsamplers is not None:
                h = s.downsamplers[0](h)
                skips.append(h)
        m = self.mid_block
        h = m.resnets[1](m.attentions[0](m.resnets[0](h, e), context), e)
        for s in self.up_blocks:
            for j, r in enumerate(s.resnets):
                h = r(torch.cat([h, skips.pop()], 1), e)
                if s.attentions is not None:
                    h = s.attentions[j](h, context)
            if s.upsamplers is not None:
                h = s.upsamplers[0](h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


class VAEAttention(Attention):
    """The autoencoder's single-head attention with its own norm and residual."""

    def __init__(self, dim, groups):
        super().__init__(dim, 1, bias=True)
        self.group_norm = nn.GroupNorm(groups, dim, 1e-6)

    def forward(self, x):
        b, c, h, w = x.shape
        y = self.group_norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c)
        y = super().forward(y)
        return x + y.reshape(b, h, w, c).permute(0, 3, 1, 2)


class Coder(nn.Module):
    """Encoder (down=True) or decoder of the autoencoder."""

    def __init__(self, cfg, down):
        super().__init__()
        ch, depth, g = cfg['block_out_channels'], cfg['layers_per_block'], cfg['norm_num_groups']
        top, z = ch[-1], cfg['latent_channels']
        c = ch[0] if down else top
        self.conv_in = nn.Conv2d(3 if down else z, c, 3, padding=1)
        stages = nn.ModuleList()
        for i in (range(len(ch)) if down else reversed(range(len(ch)))):
            res = []
            for _ in range(depth if down else depth + 1):
                res.append(Resnet(c, ch[i], g, eps=1e-6))
                c = ch[i]
            if down:
                stages.append(Stage(res, down=Down(c, 0) if i < len(ch) - 1 else None))
            else:
                stages.append(Stage(res, up=Up(c) if i else None))
        mid = Stage([Resnet(top, top, g, eps=1e-6), Resnet(top, top, g, eps=1e-6)], [VAEAttention(top, g)])
        if down:
            self.down_blocks, self.mid_block = stages, mid
        else:
            self.mid_block, self.up_blocks = mid, stages
        self.conv_norm_out = nn.GroupNorm(g, c, 1e-6)
        self.conv_out = nn.Conv2d(c, 2 * z if down else 3, 3, padding=1)
        self.down = down

    def _mid(self, h):
        m = self.mid_block
        return m.resnets[1](m.attentions[0](m.resnets[0](h)))

    def forward(self, x):
        h = self.conv_in(x)
        if not self.down:
            h = self._mid(h)
        for s in (self.down_blocks if self.down else self.up_blocks):
            for r in s.resnets:
                h = r(h)
            if s.downsamplers is not None:
                h = s.downsamplers[0](h)
            if s.upsamplers is not None:
                h = s.upsamplers[0](h)
        if self.down:
            h = self._mid(h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


class VAE(nn.Module):
    """AutoencoderKL for the configuration keys above."""

    def __init__(self, cfg):
        super().__init__()
        z = cfg['latent_channels']
        self.encoder = Coder(cfg, True)
        self.decoder = Coder(cfg, False)
        self.quant_conv = nn.Conv2d(2 * z, 2 * z, 1)
        self.post_quant_conv = nn.Conv2d(z, z, 1)

    def encode(self, x):
        """Mean and log variance of the latent."""
        return self.quant_conv(self.encoder(x)).float().chunk(2, 1)

    def decode(self, z):
        return self.decoder(self.post_quant_conv(z))


class TextLayer(nn.Module):
    def __init__(self, d, inner, heads):
        super().__init__()
        self.self_attn = nn.ModuleDict({n: nn.Linear(d, d) for n in ('q_proj', 'k_proj', 'v_proj', 'out_proj')})
        self.layer_norm1 = nn.LayerNorm(d)
        self.mlp = nn.ModuleDict({'fc1': nn.Linear(d, inner), 'fc2': nn.Linear(inner, d)})
        self.layer_norm2 = nn.LayerNorm(d)
        self.heads = heads

    def forward(self, x):
        b, n, d = x.shape
        a, y = self.self_attn, self.layer_norm1(x)
        q, k, v = (a[p](y).view(b, n, self.heads, -1).transpose(1, 2) for p in ('q_proj', 'k_proj', 'v_proj'))
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + a['out_proj'](o.transpose(1, 2).reshape(b, n, d))
        y = self.mlp['fc1'](self.layer_norm2(x))
        return x + self.mlp['fc2'](y * torch.sigmoid(1.702 * y))


class TextEncoder(nn.Module):
    """CLIPTextModel (names without the `text_model.` prefix)."""

    def __init__(self, cfg):
        super().__init__()
        d = cfg['hidden_size']
        self.embeddings = nn.ModuleDict({'token_embedding': nn.Embedding(cfg['vocab_size'], d),
                                         'position_embedding': nn.Embedding(77, d)})
        self.encoder = nn.ModuleDict({'layers': nn.ModuleList(
            [TextLayer(d, cfg['intermediate_size'], cfg['num_attention_heads']) for _ in range(cfg['num_hidden_layers'])])})
        self.final_layer_norm = nn.LayerNorm(d)
        nn.init.normal_(self.embeddings['token_embedding'].weight, std=.02)
        nn.init.normal_(self.embeddings['position_embedding'].weight, std=.02)

    def forward(self, ids):
        x = self.embeddings['token_embedding'](ids) + self.embeddings['position_embedding'].weight[:ids.shape[1]]
        for layer in self.encoder['layers']:
            x = layer(x)
        return self.final_layer_norm(x)
