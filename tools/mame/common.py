"""Optimiser, weight averaging, checkpoints and the wall-clock schedule shared by the trainers."""
import datetime
import math
import os
import time

import torch


# bf16 pays only where the processor multiplies it; elsewhere torch converts each value
FAST = torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def half():
    """Autocast to bf16 on processors that have it, and nothing elsewhere."""
    return torch.autocast('cpu', torch.bfloat16, enabled=FAST == torch.bfloat16)


def log(folder, *words):
    """Print a line and append it to LOG.txt."""
    line = datetime.datetime.now().strftime('%H:%M:%S ') + ' '.join(str(w) for w in words)
    print(line, flush=True)
    with open(os.path.join(folder, 'LOG.txt'), 'a', encoding='utf-8') as f:
        f.write(line + '\n')


class Clock:
    """Progress 0..1 through a training of so many minutes, across restarts."""

    def __init__(self, minutes, used=0.0):
        self.total, self.start = minutes * 60, time.time() - used

    @property
    def used(self):
        return time.time() - self.start

    @property
    def progress(self):
        return min(1.0, self.used / self.total)


def rate(progress, step, warm=100, floor=.01):
    """Learning-rate factor: a short warm-up, constant, then a cosine to the floor."""
    p = max(0.0, (progress - .15) / .85)
    return min(1.0, (step + 1) / warm) * (floor + (1 - floor) * .5 * (1 + math.cos(math.pi * p)))


class Muon(torch.optim.Optimizer):
    """Momentum whose matrix updates are orthogonalised (Newton-Schulz); Adam for the rest.

    Groups carry 'muon': True or False.  Updates of matrices are scaled to the size
    of Adam's, so both kinds use one learning rate.
    """

    def __init__(self, groups, lr, momentum=.95, betas=(.9, .98), weight_decay=0.0):
        super().__init__(groups, dict(lr=lr, momentum=momentum, betas=betas, weight_decay=weight_decay, muon=False))

    @staticmethod
    def orthogonal(g):
        x = g.to(FAST)
        flip = x.shape[0] > x.shape[1]
        if flip:
            x = x.T
        x = x / (x.norm() + 1e-7)
        for a, b, c in ((4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (2.8366, -3.0525, 1.2012)):
            s = x @ x.T
            x = a * x + (b * s + c * (s @ s)) @ x
        return (x.T if flip else x).float()

    @torch.no_grad()
    def step(self, team=None):
        """One update; a team's workers share the matrices between them."""
        rank, size = (team.rank, team.size) if team else (0, 1)
        for group in self.param_groups:
            lr, wd = group['lr'], group['weight_decay']
            params = [p for p in group['params'] if p.grad is not None]
            for p in params:
                if wd and p.ndim > 1:
                    p.mul_(1 - lr * wd)
            if group['muon']:
                flat = torch.zeros(sum(p.numel() for p in params))
                parts = flat.split([p.numel() for p in params])
                load = [0] * size
                for p, part in sorted(zip(params, parts), key=lambda x: -x[0].numel()):
                    m = self.state[p].setdefault('m', torch.zeros_like(p))
                    m.lerp_(p.grad, 1 - group['momentum'])
                    who = load.index(min(load))
                    rows = p.shape[0]
                    load[who] += p.numel() * min(rows, p.numel() // rows) + 200000
                    if who == rank:
                        u = self.orthogonal(p.grad.lerp(m, group['momentum']).reshape(rows, -1))
                        part.copy_(u.reshape(-1))
                if size > 1:
                    torch.distributed.all_reduce(flat)
                for p, part in zip(params, parts):
                    rows = p.shape[0]
                    p.add_(part.view(p.shape), alpha=-lr * .2 * max(rows, p.numel() // rows) ** .5)
                continue
            b1, b2 = group['betas']
            for p in params:
                g, s = p.grad, self.state[p]
                m = s.setdefault('m', torch.zeros_like(p))
                v = s.setdefault('v', torch.zeros_like(p))
                s['t'] = s.get('t', 0) + 1
                m.lerp_(g, 1 - b1)
                v.lerp_(g * g, 1 - b2)
                d = (v / (1 - b2 ** s['t'])).sqrt_().add_(1e-8)
                p.addcdiv_(m, d, value=-lr / (1 - b1 ** s['t']))


class Average:
    """Exponential moving average of a module's parameters."""

    def __init__(self, module, decay):
        self.decay, self.steps = decay, 0
        self.shadow = {k: v.detach().clone() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module):
        self.steps += 1
        d = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for k, v in module.state_dict().items():
            self.shadow[k].lerp_(v, 1 - d)

    def swap(self, module):
        """Exchange the module's weights with the average (call twice to go back)."""
        now = {k: v.detach().clone() for k, v in module.state_dict().items()}
        module.load_state_dict(self.shadow)
        self.shadow = now


def save(path, **parts):
    """Write a checkpoint so that a cut-off never leaves half a file."""
    torch.save(parts, path + '.tmp')
    os.replace(path + '.tmp', path)


class Team:
    """Data-parallel workers of one thread each: no waiting between cores inside a step."""

    def __init__(self, rank=0, size=1):
        self.rank, self.size, self.first = rank, size, rank == 0

    def average(self, params, progress):
        """Mean of the gradients and of the progress over the workers."""
        if self.size == 1:
            return progress
        grads = [p.grad for p in params if p.grad is not None]
        flat = torch.cat([g.reshape(-1) for g in grads] + [torch.tensor([progress])])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        at = 0
        for g in grads:
            g.copy_(flat[at:at + g.numel()].view_as(g))
            at += g.numel()
        return float(flat[-1])


def _enter(rank, size, port, fn, args):
    os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
    torch.set_num_threads(1)
    torch.distributed.init_process_group('gloo', rank=rank, world_size=size)
    fn(Team(rank, size), args)


def run(fn, args, port=29511):
    """Call fn(team, args) in args.workers processes."""
    if args.workers == 1:
        torch.set_num_threads(os.cpu_count())
        fn(Team(), args)
    else:
        torch.multiprocessing.spawn(_enter, (args.workers, port, fn, args), nprocs=args.workers)
