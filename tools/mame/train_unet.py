#!/usr/bin/env python3
"""Train the UNet on the autoencoder's latents.

First run with --latents to encode the pictures once.  Training predicts the noise;
its error is weighted as in v-prediction (by 1/alpha_bar) and the time steps lean
towards high noise, where the words alone decide what the picture is.
"""
import argparse
import hashlib
import os
import time

import numpy as np
import torch
from safetensors.torch import load_file

import styles
from captions import Tokenizer, caption
from common import Average, Clock, Muon, half, log, rate, run, save
from data import Pictures
from export import export, load_vae
from nets import TEXT_CONFIG, UNET_CONFIG, VAE_CONFIG, TextEncoder, UNet, VAE
from subjects import HERE, read_subjects

NULL = .06                     # share of empty captions


def held_out(subjects):
    """About 8 % of the (subject, style) pairs, never shown to the UNet; イラスト is always shown."""
    pairs = set()
    for s in subjects:
        for j, style in enumerate(styles.STYLES):
            h = int(hashlib.sha256((s['id'] + style).encode()).hexdigest()[:8], 16) / 2 ** 32
            if j and h < .096:
                pairs.add((s['id'], style))
    return pairs


def make_latents(args):
    """latents.pt: for every trained (subject, style) the default and some coloured backgrounds."""
    torch.set_num_threads(os.cpu_count())
    subjects, pictures = read_subjects(), Pictures(args.work)
    vae = VAE(VAE_CONFIG)
    if args.init:
        state = load_file(os.path.join(args.init, 'vae', 'diffusion_pytorch_model.safetensors'))
        vae.load_state_dict({k: v.float() for k, v in state.items()})
    else:
        vae.load_state_dict(torch.load(os.path.join(args.work, 'vae.pt'))['ema'])
    vae = vae.to(memory_format=torch.channels_last)
    rng, skip = np.random.default_rng(1), held_out(subjects)
    with open(os.path.join(HERE, 'heldout.tsv'), 'w', encoding='utf-8') as f:
        f.write('# subject id\tname\tstyle: never shown to the UNet\n')
        names = {s['id']: s['name'] for s in subjects}
        for ident, style in sorted(skip):
            f.write('%s\t%s\t%s\n' % (ident, names[ident], style))
    jobs = []
    for i, s in enumerate(subjects):
        for j, style in enumerate(styles.STYLES):
            if (s['id'], style) not in skip:
                colours = rng.permutation(np.arange(1, 9))[:args.colours]
                jobs += [(i, j, 0)] + [(i, j, int(c)) for c in colours]
    out, start = [], time.time()
    with torch.no_grad():
        for k in range(0, len(jobs), 32):
            a = np.stack([pictures.draw(*job, shade=rng.uniform(-1, 1)) for job in jobs[k:k + 32]])
            x = (torch.from_numpy(a).permute(0, 3, 1, 2).float() / 127.5 - 1).to(memory_format=torch.channels_last)
            with half():
                out.append(vae.encode(x)[0].half())
    z = torch.cat(out).contiguous()
    scaling = 1 / float(z.float().std())
    save(os.path.join(args.work, 'latents.pt'), z=z, jobs=torch.tensor(jobs), scaling=scaling)
    log(args.work, 'latents:', tuple(z.shape), 'scaling %.4f' % scaling, 'seconds %d' % (time.time() - start),
        'means', [round(float(v), 2) for v in z.float().mean((0, 2, 3))], 'stds', [round(float(v), 2) for v in z.float().std((0, 2, 3))])


def pairs(c, g):
    """The four channels (value, minus value, steady, minus steady) of group c."""
    return [c * g + n for n in range(4)]


@torch.no_grad()
def precondition(unet):
    """First weights: the network is eps = (x_t - sqrt(abar) x0) / sigma around a head that guesses x0.

    A value and its negative pass a norm and SiLU unchanged, as SiLU(a) - SiLU(-a) = a,
    and a steady value (with its negative) in the same normalisation group divides
    them by a known amount.  Steady values that come from the time embedding give
    sqrt(abar) and 1/sigma; so the last resnet subtracts the scaled guess from its
    input, and the last norm scales the rest to the noise.  The guess starts as x_t / 2.
    """
    k, ch = 6.0, UNET_CONFIG['block_out_channels'][0]
    g = ch // UNET_CONFIG['norm_num_groups']
    for m in unet.modules():
        if hasattr(m, 'conv2'):
            m.conv2.weight.zero_()
            m.conv2.bias.zero_()
        if hasattr(m, 'proj_out'):
            m.proj_out.weight.zero_()
            m.proj_out.bias.zero_()
    beta = torch.linspace(.00085 ** .5, .012 ** .5, 1000) ** 2
    abar = torch.cumprod(1 - beta.double(), 0).float()
    sigma = (1 - abar).sqrt()
    unet.time_embedding['linear_1'].weight.mul_(2)
    unet.time_embedding['linear_2'].weight.mul_(3)
    f = unet.time_features(torch.arange(1000))
    f = torch.cat([f, torch.ones(1000, 1)], 1).double()

    def fit(target, weight):                  # weighted ridge regression on the time features
        a, y = f * weight[:, None].double(), (target * weight).double()
        return torch.linalg.solve(a.T @ a + 1e-5 * torch.eye(f.shape[1]).double(), a.T @ y).float()

    last = unet.up_blocks[-1].resnets[-1]
    hidden = last.conv1.weight.shape[1] - ch  # channels before the skip in the concatenation
    divide, steady = sigma / abar.sqrt(), 10.0
    w_div = fit(divide, 1 / (divide + .5))
    w_sig = fit(steady * sigma / (2 - sigma ** 2).sqrt(), 1 / (sigma + .05))
    last.conv_shortcut.bias.zero_()
    unet.conv_out.weight.zero_()
    unet.conv_out.bias.zero_()
    sig = pairs(4, g)
    for i in [i for c in range(5) for i in pairs(c, g)]:
        last.conv1.weight[i].zero_()
        last.conv1.bias[i] = 0
        last.time_emb_proj.weight[i].zero_()
        last.time_emb_proj.bias[i] = 0
        last.norm2.weight[i] = 1
    for n, sign in ((0, 1), (1, -1)):         # sigma(t), over a constant
        last.time_emb_proj.weight[sig[n]], last.time_emb_proj.bias[sig[n]] = sign * w_sig[:-1], sign * w_sig[-1]
        last.conv1.bias[sig[n + 2]] = sign * steady
    for c in range(4):
        p = pairs(c, g)
        for n, i in enumerate(p):
            unet.conv_in.weight[i].zero_()
            unet.conv_in.bias[i] = (0, 0, k, -k)[n]
            last.conv_shortcut.weight[i].zero_()
            unet.conv_norm_out.weight[i] = ((1 + k * k) / 2) ** .5
            last.norm1.weight[hidden + i] = ((2 + 2 * k * k) / 4) ** .5
            last.norm2.weight[i] = .5 ** .5
        for n, sign in ((0, 1), (1, -1)):
            unet.conv_in.weight[p[n], c, 1, 1] = sign
            last.conv_shortcut.weight[p[n], hidden + p[n]] = 1
            unet.conv_out.weight[c, p[n], 1, 1] = sign
            # the guess, first x_t / 2 plus a little of everything
            r = torch.randn_like(last.conv1.weight[0]) * .005 if n == 0 else r
            r[hidden:hidden + 4 * g] = 0
            last.conv1.weight[p[n]] = sign * r
            last.conv1.weight[p[n], hidden + p[0], 1, 1] = sign * .5
            last.conv1.weight[p[n], hidden + p[1], 1, 1] = -sign * .5
            last.time_emb_proj.weight[p[n + 2]], last.time_emb_proj.bias[p[n + 2]] = sign * w_div[:-1], sign * w_div[-1]
            last.conv2.weight[p[n], p[0], 1, 1], last.conv2.weight[p[n], p[1], 1, 1] = -sign, sign
            last.conv2.weight[p[n + 2], sig[0], 1, 1], last.conv2.weight[p[n + 2], sig[1], 1, 1] = sign * k, -sign * k


def load_text(args, vocab):
    net = TextEncoder(dict(TEXT_CONFIG, vocab_size=vocab))
    if args.init:
        path = os.path.join(args.init, 'text_encoder', 'model.safetensors')
        state = {k[len('text_model.'):]: v.float() for k, v in load_file(path).items()}
    else:
        both = torch.load(os.path.join(args.work, 'text.pt'))['ema']
        state = {k[4:]: v for k, v in both.items() if k.startswith('net.')}
    net.load_state_dict(state)
    return net


def train(team, args):
    rng = np.random.default_rng(int(time.time()) + 7919 * team.rank)
    torch.manual_seed(0)
    subjects = read_subjects()
    tok = Tokenizer(os.path.join(args.tokenizer, 'spiece.model'))
    vocab = tok.sp.get_piece_size()
    data = torch.load(os.path.join(args.work, 'latents.pt'))
    z, jobs, scaling = data['z'], data['jobs'].tolist(), data['scaling']
    text = load_text(args, vocab)
    unet = UNet(UNET_CONFIG)
    if args.init:
        unet.load_state_dict({k: v.float() for k, v in load_file(
            os.path.join(args.init, 'unet', 'diffusion_pytorch_model.safetensors')).items()})
    else:
        precondition(unet)
    unet = unet.to(memory_format=torch.channels_last)
    both = torch.nn.ModuleDict({'unet': unet, 'text': text})
    unet.time_embedding.requires_grad_(False)
    outer = ('conv_in', 'conv_out', 'conv_norm_out', 'up_blocks.3.resnets.1')
    named = [(n, p) for n, p in unet.named_parameters() if p.requires_grad]
    mats = [p for n, p in named if p.ndim > 1 and not n.startswith(outer)]
    rest = [p for n, p in named if p.ndim < 2 and not n.startswith(outer)]
    frame = [p for n, p in named if n.startswith(outer)]
    words = list(text.parameters())
    opt = Muon([{'params': mats, 'muon': True}, {'params': rest}, {'params': frame}, {'params': words}], args.lr)
    ema = Average(both, .998)
    path, step, used = os.path.join(args.work, 'unet.pt'), 0, 0.0
    if os.path.exists(path):
        c = torch.load(path)
        both.load_state_dict(c['both'])
        opt.load_state_dict(c['opt'])
        ema.shadow, ema.steps, step, used = c['ema'], c['step'], c['step'], c['used']
        log(args.work, 'unet: resumed at step', step) if team.first else None
    if args.until:
        h, m = args.until.split(':')
        end = time.mktime(time.localtime()[:3] + (int(h), int(m), 0) + time.localtime()[6:])
        args.minutes = (used + end - time.time()) / 60
    clock, saved, shown = Clock(args.minutes, used), time.time(), time.time()
    torch.manual_seed(step * 2 + team.rank)
    beta = torch.linspace(.00085 ** .5, .012 ** .5, 1000) ** 2
    abar = torch.cumprod(1 - beta.double(), 0).float()
    n, twice = args.batch // team.size, args.draws
    params, running, p = [q for q in both.parameters() if q.requires_grad], None, clock.progress
    while p < 1:
        tune = p >= args.tune_text
        f = rate(p, step, 60)
        for g, k in zip(opt.param_groups, (1, .4, .2, .1 if tune else 0)):
            g['lr'] = args.lr * f * k
        pick = rng.integers(len(jobs), size=n // twice)
        ids = torch.tensor([tok('' if rng.random() < NULL else caption(rng, subjects[jobs[k][0]], *jobs[k][1:])) for k in pick])
        z0 = (z[pick].float() * scaling).repeat(twice, 1, 1, 1)
        # stratified, leaning towards high noise
        u = (torch.randperm(n) + torch.rand(n)) / n
        t = (999.999 * u ** args.lean).long()
        noise = torch.randn_like(z0)
        a = abar[t][:, None, None, None]
        xt = (a.sqrt() * z0 + (1 - a).sqrt() * noise).to(memory_format=torch.channels_last)
        with half():
            with torch.set_grad_enabled(tune):
                ctx = text(ids)
            eps = unet(xt, t, ctx.repeat(twice, 1, 1)).float()
        each = ((eps - noise) ** 2).mean((1, 2, 3)) / abar[t]
        loss = each.mean()
        opt.zero_grad()
        loss.backward()
        p = team.average([q for q in params if q.grad is not None], clock.progress)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step(team)
        ema.update(both)
        step += 1
        e = each.detach()
        now = np.array([float(e.mean()), float(e[t >= 700].mean()), float(e[(t >= 300) & (t < 700)].mean()), float(e[t < 300].mean())])
        now = np.where(np.isfinite(now), now, running if running is not None else 1.0)
        running = now if running is None else .98 * running + .02 * now
        if step % 50 == 0 and team.first:
            log(args.work, 'unet step', step, 'min %.1f' % (clock.used / 60), 'v-loss %.4f  t>=700 %.4f  300.. %.4f  <300 %.4f' % tuple(running))
        if team.first and (time.time() - saved > 150 or p >= 1):
            save(path, both=both.state_dict(), opt=opt.state_dict(), ema=ema.shadow, step=step, used=clock.used)
            saved = time.time()
        if team.first and args.snapshot and (time.time() - shown > 480 or p >= 1):
            part = lambda name: {k[5:]: v for k, v in ema.shadow.items() if k.startswith(name)}
            export(args.snapshot, args.tokenizer, part('text.'), part('unet.'),
                   load_vae(args.work, args.init), scaling, vocab)
            shown = time.time()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    ap.add_argument('--tokenizer', required=True)
    ap.add_argument('--latents', action='store_true', help='encode the pictures and stop')
    ap.add_argument('--colours', type=int, default=3, help='coloured backgrounds per pair (with --latents)')
    ap.add_argument('--minutes', type=float, default=65)
    ap.add_argument('--until', help='finish at HH:MM instead')
    ap.add_argument('--lr', type=float, default=3e-3)
    ap.add_argument('--batch', type=int, default=32)
    ap.add_argument('--draws', type=int, default=2, help='noise draws per caption')
    ap.add_argument('--lean', type=float, default=.6, help='1 is uniform time steps, less is noisier')
    ap.add_argument('--tune-text', type=float, default=2.0, help='progress from which the text encoder learns too')
    ap.add_argument('--init', help='start from this model folder')
    ap.add_argument('--snapshot', help='write the averaged model here every 8 minutes')
    ap.add_argument('--workers', type=int, default=os.cpu_count())
    args = ap.parse_args()
    if args.latents:
        make_latents(args)
    else:
        run(train, args)


if __name__ == '__main__':
    main()
