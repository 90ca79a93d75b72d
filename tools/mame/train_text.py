#!/usr/bin/env python3
"""Teach the text encoder what every name looks like, from text alone.

Each subject gets a code: the principal components of its picture.  The token
embeddings start from a least-squares fit of those codes (so a name's pieces already
add up to its picture), then the transformer learns to gather them: at every
position after the words a linear read-out must give the subject's code, the style
and the background.  The read-out is thrown away afterwards.
"""
import argparse
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from captions import COLOUR_WORDS, STYLE_WORDS, Tokenizer, caption
from common import Average, Clock, Muon, half, log, rate, save
from data import Pictures
from nets import TEXT_CONFIG, TextEncoder
from subjects import read_subjects

CODE = 192


def picture_codes(pictures, rows):
    """Whitened principal components [subjects, CODE] of small drawings of each subject."""
    feats = []
    for i in rows:
        a = pictures.layers[i].astype(np.float32) / 255
        parts = []
        for j, n in ((0, 32), (3, 32), (5, 16)):
            f = 128 // n
            p = a[j].copy()
            p[..., :3] = (p[..., :3] - .5) * p[..., 3:]
            p = p.reshape(n, f, n, f, 4).mean((1, 3))
            parts.append(p.ravel() * (32 / n))
        feats.append(np.concatenate(parts))
    x = np.stack(feats)
    x = x - x.mean(0)
    val, vec = np.linalg.eigh(x @ x.T)        # principal components from the small Gram matrix
    k = min(CODE, len(rows))
    c = vec[:, ::-1][:, :k] * np.maximum(val[::-1][:k], 0) ** .25  # half whitened: coarse parts stay larger
    c = c / c.std()
    if k < CODE:
        c = np.pad(c, ((0, 0), (0, CODE - k)))
    return torch.from_numpy(c.astype(np.float32))


def embedding_fit(tok, subjects, codes, vocab):
    """Piece vectors whose sum over a name's pieces is close to its subject's code."""
    rows, cols, target = [], [], []
    n = 0
    for i, s in enumerate(subjects):
        for name in s['names']:
            low = name.lower()
            for ids in (tok.sp.encode(low), tok.sp.encode('、' + low)[1:]):
                for k in ids:
                    rows.append(n)
                    cols.append(k)
                target.append(i)
                n += 1
    idx = torch.tensor([rows, cols])
    a = torch.sparse_coo_tensor(idx, torch.ones(len(rows)), (n, vocab)).coalesce()
    t = codes[torch.tensor(target)]
    e = torch.zeros(vocab, codes.shape[1])
    r = t.clone()                             # conjugate gradients on the ridge problem
    g = torch.sparse.mm(a.t(), r)
    p, gg = g.clone(), (g * g).sum()
    for _ in range(60):
        ap = torch.sparse.mm(a, p)
        step = gg / ((ap * ap).sum() + .3 * (p * p).sum())
        e += step * p
        r -= step * ap
        g = torch.sparse.mm(a.t(), r) - .3 * e
        new = (g * g).sum()
        p, gg = g + new / gg * p, new
    return e, float(((torch.sparse.mm(a, e) - t) ** 2).mean())


@torch.no_grad()
def gather_words(net, tok, e):
    """First weights: the first layer's attention lets every position average the words before it.

    Pieces of style and background words get a direction of their own next to the
    codes; </s> and [PAD] carry a mark in the last dimension that attention avoids.
    """
    table, d = net.embeddings['token_embedding'].weight, TEXT_CONFIG['hidden_size']
    table.normal_(0, .02)
    size = e.norm(dim=1, keepdim=True)
    table[:, :CODE] += e / size.clamp(min=e.norm(dim=1).max() * .15) * (.5 * (CODE / 64) ** .5)
    for words, at in ((STYLE_WORDS, CODE), (COLOUR_WORDS, CODE + len(STYLE_WORDS))):
        for k, forms in enumerate(words.values()):
            for w in forms:
                for pieces in (tok.sp.encode(w), tok.sp.encode('猫、' + w)[2:], tok.sp.encode('猫の' + w)[1:]):
                    for i in pieces:
                        if len(pieces) == 1:
                            table[i, :CODE] = 0
                        table[i, at + k] = 1.2
    table[2:4, :d - 1] *= .1
    table[2:4, d - 1] = 1.5
    net.embeddings['position_embedding'].weight.normal_(0, .02)
    for n, layer in enumerate(net.encoder['layers']):
        a = layer.self_attn
        a['out_proj'].weight.zero_()
        layer.mlp['fc2'].weight.zero_()
        for p in a.values():
            p.bias.zero_()
        if n == 0:
            a['v_proj'].weight.copy_(torch.eye(d))
            a['out_proj'].weight.copy_(torch.eye(d) * 1.0)
            a['q_proj'].weight.mul_(.1)
            a['k_proj'].weight.mul_(.1)
            width = d // layer.heads
            for h in range(layer.heads):
                a['q_proj'].bias[h * width] = 8
                a['k_proj'].weight[h * width].zero_()
                a['k_proj'].weight[h * width, d - 1] = -1.0


@torch.no_grad()
def fit_readout(read, net, tok, subjects, codes, rng, n=900):
    """Least squares for the read-out on the first contexts, so that training starts near the goal."""
    who, sty, bg = rng.integers(len(subjects), size=n), rng.integers(6, size=n), rng.integers(9, size=n)
    ids = torch.tensor([tok(caption(rng, subjects[i], j, b)) for i, j, b in zip(who, sty, bg)])[:, :26]
    x = torch.cat([net(ids)[:, -1], torch.ones(n, 1)], 1)
    y = torch.cat([codes[who], 8 * F.one_hot(torch.from_numpy(sty), 6) - 2, 8 * F.one_hot(torch.from_numpy(bg), 9) - 2], 1)
    w = torch.linalg.solve(x.T @ x + 10 * torch.eye(x.shape[1]), x.T @ y)
    read.weight.copy_(w[:-1].T)
    read.bias.copy_(w[-1])


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    ap.add_argument('--tokenizer', required=True)
    ap.add_argument('--minutes', type=float, default=8)
    ap.add_argument('--lr', type=float, default=2e-3)
    ap.add_argument('--batch', type=int, default=64)
    ap.add_argument('--init', help='start from the text encoder of this model folder')
    ap.add_argument('--threads', type=int, default=os.cpu_count())
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(int(time.time()))
    tok = Tokenizer(os.path.join(args.tokenizer, 'spiece.model'))
    vocab = tok.sp.get_piece_size()
    subjects, pictures = read_subjects(), Pictures(args.work)
    codes = picture_codes(pictures, range(len(subjects)))
    net = TextEncoder(dict(TEXT_CONFIG, vocab_size=vocab))
    d = TEXT_CONFIG['hidden_size']
    read = torch.nn.Linear(d, CODE + 6 + 9)
    if args.init:
        net.load_state_dict({k[len('text_model.'):]: v.float() for k, v in load_file(
            os.path.join(args.init, 'text_encoder', 'model.safetensors')).items()})
    else:
        e, err = embedding_fit(tok, subjects, codes, vocab)
        log(args.work, 'text: piece codes fitted, error %.3f of 1' % err)
        gather_words(net, tok, e)
    fit_readout(read, net, tok, subjects, codes, rng)
    tables = list(net.embeddings.parameters())
    ids_ = {id(p) for p in tables}
    mats = [p for n, p in net.named_parameters() if p.ndim > 1 and id(p) not in ids_]
    rest = [p for p in net.parameters() if p.ndim < 2] + list(read.parameters())
    opt = Muon([{'params': mats, 'muon': True}, {'params': rest}, {'params': tables}], args.lr)
    both = torch.nn.ModuleDict({'net': net, 'read': read})
    ema = Average(both, .995)
    path = os.path.join(args.work, 'text.pt')
    step, used = 0, 0.0
    if os.path.exists(path):
        c = torch.load(path)
        both.load_state_dict(c['both'])
        opt.load_state_dict(c['opt'])
        ema.shadow, ema.steps, step, used = c['ema'], c['step'], c['step'], c['used']
    clock, saved, running = Clock(args.minutes, used), time.time(), None
    pos = net.embeddings['position_embedding']
    while clock.progress < 1:
        for g in opt.param_groups:
            g['lr'] = args.lr * rate(clock.progress, step)
        opt.param_groups[2]['lr'] *= .3
        who = rng.integers(len(subjects), size=args.batch)
        sty, bg = rng.integers(6, size=args.batch), rng.integers(9, size=args.batch)
        ids = np.array([tok(caption(rng, subjects[i], j, b)) for i, j, b in zip(who, sty, bg)])
        words = int((ids != 3).sum(1).max())
        # the words and a sample of the padding positions: cheaper, and the same causal order
        keep = np.concatenate([np.arange(words), np.sort(rng.choice(np.arange(words, 77), 4, replace=False))])
        ids, keep = torch.from_numpy(ids[:, keep]), torch.from_numpy(keep)
        full = pos.weight
        with half():
            x = net.embeddings['token_embedding'](ids) + full[keep]
            for layer in net.encoder['layers']:
                x = layer(x)
            ctx = net.final_layer_norm(x)
            out = read(ctx).float()
        after = ids == 3
        w = (after.float() / after.sum(1, keepdim=True)).unsqueeze(-1)
        code = ((out[..., :CODE] - codes[who][:, None]) ** 2 * w).sum(1).mean(1)
        n = out.shape[1]
        ls = F.cross_entropy(out[..., CODE:CODE + 6].flatten(0, 1), torch.from_numpy(sty).repeat_interleave(n), reduction='none')
        lb = F.cross_entropy(out[..., CODE + 6:].flatten(0, 1), torch.from_numpy(bg).repeat_interleave(n), reduction='none')
        ls, lb = (ls.view(-1, n) * w[..., 0]).sum(1), (lb.view(-1, n) * w[..., 0]).sum(1)
        loss = (code + .2 * ls + .2 * lb).mean()
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        opt.step()
        ema.update(both)
        step += 1
        now = np.array([float(code.detach().mean()), float(ls.detach().mean()), float(lb.detach().mean())])
        running = now if running is None else .97 * running + .03 * now
        if step % 50 == 0:
            with torch.no_grad():
                last = out[:, -1, :CODE]
                near = ((last[:, None] - codes[None]) ** 2).sum(-1).argmin(1)
                right = float((near == torch.from_numpy(who)).float().mean())
            log(args.work, 'text step', step, 'min %.1f' % (clock.used / 60), 'code %.4f style %.4f background %.4f' % tuple(running),
                'nearest %.2f' % right)
        if time.time() - saved > 120 or clock.progress >= 1:
            save(path, both=both.state_dict(), opt=opt.state_dict(), ema=ema.shadow, step=step, used=clock.used)
            saved = time.time()


if __name__ == '__main__':
    main()
