#!/usr/bin/env python3
"""Train the autoencoder on crops, then on whole pictures."""
import argparse
import os
import time

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import styles
from common import Average, Clock, Muon, half, log, rate, run, save
from data import Pictures
from nets import VAE, VAE_CONFIG

NOISE = 0.1                    # the latent's fixed standard deviation while training


def batch(pictures, rng, n, size):
    a = np.stack([pictures.random(rng, size) for _ in range(n)])
    return (torch.from_numpy(a).permute(0, 3, 1, 2).float() / 127.5 - 1).to(memory_format=torch.channels_last)


def slopes(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def optimiser(vae, lr, kind):
    big = [p for n, p in vae.named_parameters() if p.requires_grad and p.ndim > 1 and 'conv_in' not in n and 'conv_out' not in n
           and 'quant' not in n]
    ids = {id(p) for p in big}
    rest = [p for p in vae.parameters() if p.requires_grad and id(p) not in ids]
    return Muon([{'params': big, 'muon': kind == 'muon'}, {'params': rest}], lr, weight_decay=.01)


def psnr(pictures, vae, folder, name='recon.png'):
    """Mean PSNR per style over fixed pictures; writes a sheet of them."""
    rng = np.random.default_rng(5)
    values, rows = [], []
    with torch.no_grad():
        for j in range(len(styles.STYLES)):
            a = np.stack([pictures.draw(int(rng.integers(len(pictures.layers))), j, k % 9, 8 * (k % 3 - 1))
                          for k in range(12)])
            x = torch.from_numpy(a).permute(0, 3, 1, 2).float() / 127.5 - 1
            with half():
                y = vae.decode(vae.encode(x.to(memory_format=torch.channels_last))[0])
            y = y.float().clamp(-1, 1)
            values.append(float((10 * torch.log10(4 / ((y - x) ** 2).mean((1, 2, 3)))).mean()))
            b = ((y + 1) * 127.5).round().permute(0, 2, 3, 1).numpy().astype(np.uint8)
            rows += [np.concatenate(list(a[:8]), 1), np.concatenate(list(b[:8]), 1)]
    Image.fromarray(np.concatenate(rows, 0)).save(os.path.join(folder, name))
    return values


def train(team, args):
    torch.manual_seed(0)
    rng = np.random.default_rng(int(time.time()) + 7919 * team.rank)
    pictures = Pictures(args.work)
    vae = VAE(VAE_CONFIG)
    if args.init:
        vae.load_state_dict({k: v.float() for k, v in load_file(
            os.path.join(args.init, 'vae', 'diffusion_pytorch_model.safetensors')).items()})
    vae = vae.to(memory_format=torch.channels_last)
    path = os.path.join(args.work, args.name + '.pt')
    if args.decoder:                          # keep the latents: the encoder of vae.pt stays as it is
        if not args.init:
            vae.load_state_dict(torch.load(os.path.join(args.work, 'vae.pt'))['ema'])
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
        path = os.path.join(args.work, 'decoder.pt')
    opt = optimiser(vae, args.lr, args.optimizer)
    ema = Average(vae, .998)
    step, used = 0, 0.0
    if os.path.exists(path):
        c = torch.load(path)
        vae.load_state_dict(c['vae'])
        opt.load_state_dict(c['opt'])
        ema.shadow, ema.steps, step, used = c['ema'], c['step'], c['step'], c['used']
        log(args.work, args.name, 'resumed at step', step) if team.first else None
    torch.manual_seed(step + team.rank)
    clock, saved = Clock(args.minutes, used), time.time()
    running, p = None, clock.progress
    params = [q for q in vae.parameters() if q.requires_grad]
    while p < 1:
        for g in opt.param_groups:
            g['lr'] = args.lr * rate(p, step)
        x = batch(pictures, rng, args.batch // team.size, 64) if p < .8 and not args.decoder else \
            batch(pictures, rng, args.batch // 4 // team.size, 128)
        with half():
            with torch.set_grad_enabled(not args.decoder):
                mu = vae.encode(x)[0]
            y = vae.decode(mu + NOISE * args.noise * torch.randn_like(mu)).float()
        (gy, gx), (hy, hx) = slopes(y), slopes(x)
        err = torch.sqrt((y - x) ** 2 + 1e-4).mean()
        loss = err + .5 * ((gy - hy).abs().mean() + (gx - hx).abs().mean()) + 1e-3 * (mu ** 2).mean()
        opt.zero_grad()
        loss.backward()
        p = team.average(params, clock.progress)
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step(team)
        ema.update(vae)
        step += 1
        now = np.array([float(err.detach()), float(loss.detach()), float(((y.detach() - x) ** 2).mean()), float(mu.detach().std())])
        running = now if running is None else .98 * running + .02 * now
        if step % 100 == 0 and team.first:
            log(args.work, args.name, 'step', step, 'min %.1f' % (clock.used / 60), 'err %.4f loss %.4f' % tuple(running[:2]),
                'psnr %.2f' % (10 * np.log10(4 / running[2])), 'std %.2f' % running[3])
        if team.first and (time.time() - saved > 150 or p >= 1):
            save(path, vae=vae.state_dict(), opt=opt.state_dict(), ema=ema.shadow, step=step, used=clock.used)
            saved = time.time()
    if not team.first:
        return
    ema.swap(vae)
    log(args.work, args.name, 'done: psnr by style', ' '.join('%s %.1f' % v for v in zip(styles.STYLES, psnr(pictures, vae, args.work, args.name + '-recon.png'))))


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    ap.add_argument('--minutes', type=float, default=40)
    ap.add_argument('--lr', type=float, default=4e-3)
    ap.add_argument('--optimizer', choices=['muon', 'adam'], default='muon')
    ap.add_argument('--batch', type=int, default=16, help='64x64 crops in a step')
    ap.add_argument('--decoder', action='store_true', help='train only the decoder of vae.pt, on whole pictures')
    ap.add_argument('--noise', type=float, default=1.0, help='times the usual noise on the latent')
    ap.add_argument('--init', help='start from the vae of this model folder')
    ap.add_argument('--name', default='vae')
    ap.add_argument('--workers', type=int, default=os.cpu_count())
    run(train, ap.parse_args())


if __name__ == '__main__':
    main()
