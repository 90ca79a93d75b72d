#!/usr/bin/env python3
# make-prompts.py: what Stable Diffusion web UI makes of prompts, down to the text encoder's numbers, for the tests of
# prompts; and embedding files (textual inversions) as the programs that train them write them.
#
#   python3 tests/golden/make-prompts.py WEBUI tests/golden
#
# WEBUI is a folder with two files that are not stored here, because they are under the AGPL: prompt_parser.py, with
# parse_prompt_attention() and get_learned_conditioning_prompt_schedules() as they stand in the web UI's
# modules/prompt_parser.py (v1.10; it needs lark), and hijack_clip.py, with
# tokenize_line() as it stands in its modules/sd_hijack_clip.py, in a class Line that is given what it needs.
#
# The rest is written from the specification: weights and the mean that they are brought back to, for SentencePiece the
# weights of pieces by the characters that libsentencepiece says they cover, the last layers that are left out (transformers'
# own hidden states and final norm), and rows of an embedding in the place of those of the table.
#
# SPDX-License-Identifier: MIT

import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

sys.path.insert(0, sys.argv[1])
import hijack_clip  # noqa: E402
import prompt_parser  # noqa: E402

TOP = Path(sys.argv[2])
CLIP = TOP.parent.parent / 'data' / 'tokenizer' / 'clip'
CONFIG = dict(vocab_size=49408, hidden_size=8, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2,
              max_position_embeddings=77, hidden_act='quick_gelu')

FIXED = [
    'a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).', 'normal text', 'an (important) word', '(unbalanced', r'\(literal\]',
    '(unnecessary)(parens)', '', '()', '[]', '(a:)', '(a:1.3', 'a:1.3)', 'a)b]c', '((a)b[c', '[[a:2]b', '(a: 1.5 )', '(a:.5)', '(a:5.)',
    '(a:+2)', '(a:-0.5)', '(a:0)', '(猫:1.2)と[犬]', '（猫：1.2）', '(a:１.５)', r'(a\(b\)c:1.4)', r'a\\(b)', r'(a\b)', 'a BREAK b',
    'BREAK', 'aBREAK BREAKb _BREAK 猫BREAK', ' BREAK  BREAK\n', 'x　BREAK　y', '(a) BREAK [b]', '(a:1)(b)', '(((((a)))))', '[(a)]',
    '(a(b(c:2):2):2)', 'a::b', '(a:b:1.2)', '(a, b:1.2), (c:0.8), [d]',
]
LONG = ', '.join(f'thing{i} of {"very " * (i % 5)}blue glass' for i in range(24))
PLAIN = 'a photograph of an astronaut riding a horse'
CHUNKED = [
    PLAIN, 'a (photo:1.4) of [an astronaut] riding a horse', 'red BREAK (blue:1.2) BREAK', '(masterpiece:1.2), [[cat]], dog',
    LONG, f'({LONG}:1.2)', 'a ' * 75, 'a ' * 76, 'a ' * 151, 'a ' * 70 + ', b ' + 'c ' * 10, 'a ' * 50 + ', b ' + 'c ' * 40,
    'a ' * 54 + ', ' + 'b ' * 30, 'a ' * 55 + ', ' + 'b ' * 30, 'a ' * 74 + ', ' + 'b ' * 3, 'a ' * 75 + ', ' + 'b ' * 3,
    'a ' * 74 + '(, b:1.3)', '(a:1.3)' * 90, 'x BREAK BREAK y', "don't (panic), it's [42]",
]
JAPANESE = [
    '猫の肖像画 油絵', '(猫:1.3)の肖像画 [油絵]', '猫(の肖像:1.5)画', '白い(猫)', '( 猫 ):1', '猫 BREAK (犬:0.5) 鳥', 'Ａ(Ｂ:2)Ｃ',
    '😀(😁:2)猫', 'ｶ(ﾞ:3)', '(' + '猫、' * 60 + ':1.1)', '猫と犬、' * 40, '犬 </s>(猫)', 'İ(İ:2)İ', 'a　(b:2)　c', '(猫 犬 鳥:1.2) 山',
]
ENCODED = [
    ('plain', PLAIN, 1, 'original'), ('weighted', 'a (photo:1.4) of [an astronaut] riding a (horse)', 1, 'original'),
    ('no-norm', 'a (photo:1.4) of [an astronaut] riding a (horse)', 1, 'no-norm'),
    ('negative', '(a cat:-0.5) on a (((mat)))', 1, 'original'), ('break', 'red BREAK (blue:1.2) glass', 1, 'original'),
    ('long', f'({LONG[:400]}:1.2), end', 1, 'original'), ('skip', 'a (photo:1.4) of a horse', 2, 'original'),
    ('skip-plain', PLAIN, 3, 'original'), ('embedding', 'a photo of (eshi-cat:1.2), [<dots>], paint', 1, 'original'),
    ('embedding-long', 'a ' * 74 + 'eshi-cat b', 2, 'no-norm'),
]


def fuzz(rng):
    pieces = ['(', ')', '[', ']', ':', ':1.3)', ':0.5)', '\\', 'cat', ' dog', ', ', ' BREAK ', '猫', ' ', '1', '.5', '\n']
    return ''.join(rng.choice(pieces) for _ in range(rng.randint(1, 14)))


def parse(prompt):
    """The parts of a prompt with BREAK as None; None where our rules differ on purpose."""
    try:
        parts = prompt_parser.parse_prompt_attention(prompt)
    except ValueError:
        return None
    parts = [[None if text == 'BREAK' and weight == -1 else text, weight] for text, weight in parts]
    if any(text and 'BREAK' in text and weight != 1 for text, weight in parts):
        return None
    syntax = any(c in prompt for c in '()[]') or any(text is None for text, _ in parts)
    return parts if syntax or '\\' not in prompt else None


def make_attention():
    rng = random.Random(1)
    prompts = FIXED + [fuzz(rng) for _ in range(400)]
    return [[prompt, parse(prompt)] for prompt in prompts if parse(prompt) is not None]


SCHEDULES = [
    'test', 'a [b:3]', 'a [b: 3]', 'a [[[b]]:2]', '[(a:2):3]', 'a [b : c : 1] d', 'a[b:[c:d:2]:1]e', 'a [unbalanced', 'a [b:.5] c',
    'a [{b|d{:.5] c', '((a][:b:c [d:3]', '[a|(b:1.1)]', '[fe|]male', '[fe|||]male', '[a:b:0.3]', '[a:b:1.0]', '[a:b:1]', '[a:b:0]',
    '[a:b:-1]', '[a::4]', '[:a:4]', '[a::]', '[::3]', '[:3]', '[a:b:3 ]', '[a:b:c:3]', '[a|b:3]', 'a | b', 'a | [b:c:2]', '[a|b',
    '[a:[b|c]:5]', '[[a|b]|[c|d|e]]', '[a|b] (c:1.2) [d:e:.7]', r'\[a:b:3\]', r'[a\|b|c]', '[a:b:1e0]', '[a:b:x]', '[a:b:]', 'a\\',
    '猫[と:や:0.5]犬[|、鳥]', '[a:b:3][c:d:6]', '(a [b:c:2]:1.3)', '([a|b])', '[a:b:+2]', '[a:b:2.]', 'a\nb [c\n:d:2]', '[ a | b ]',
]


def fuzz_schedule(rng, depth=0):
    """Groups that are well formed: of others the web UI's parser has several readings, and takes one as it comes."""
    def part():
        kind = rng.randint(0, 12) if depth < 3 else 0
        inner = [fuzz_schedule(rng, depth + 1) for _ in range(3)] if kind > 3 else []
        when = rng.choice(['3', '0.5', ' 7', '.2 ', '1', '12', '-1', '1.0'])
        return (['a', ' b', '猫', r'\[', '(%s)', '(%s:1.2)', '[%s]', '[%s:%s:' + when + ']', '[%s:' + when + ']', '[%s::' + when + ']',
                 '[%s|%s]', '[%s|%s|%s]', '[%s|]'][kind]) % tuple(inner[:[0, 0, 0, 0, 1, 1, 1, 2, 1, 1, 2, 3, 1][kind]])
    return ''.join(part() for _ in range(rng.randint(0 if depth else 1, 3))) + (' | c' if depth == 0 and rng.random() < 0.05 else '')


def make_schedules():
    """[prompt, [text at step 1, …]] for ten steps."""
    rng = random.Random(2)
    rows = []
    for prompt in SCHEDULES + [fuzz_schedule(rng) for _ in range(200)]:
        schedule = prompt_parser.get_learned_conditioning_prompt_schedules([prompt], 10)[0]
        texts = [next(text for end, text in schedule if step <= end) for step in range(1, 11)]
        rows.append([prompt, texts if len(set(texts)) > 1 else texts[:1]])
    return rows


def trim(values, end):
    values = list(values)
    while len(values) > 1 and values[-1] == end:
        values.pop()
    return values


def new_line(tokenizer, embeddings=()):
    triggers = sorted(((tokenizer(name, add_special_tokens=False).input_ids, embedding) for name, embedding in embeddings),
                      key=lambda pair: -len(pair[0]))

    def find(tokens, at):
        for ids, embedding in triggers:
            if tokens[at:at + len(ids)] == ids:
                return embedding, len(ids)
        return None, None

    def tokenize(texts):
        return [tokenizer(text, add_special_tokens=False, truncation=False).input_ids for text in texts]

    return hijack_clip.Line(tokenize, 49406, 49407, tokenizer.get_vocab()[',</w>'], find, prompt_parser.parse_prompt_attention)


def make_clip(tokenizer):
    rows = []
    for prompt in CHUNKED:
        chunks, _ = new_line(tokenizer).tokenize_line(prompt)
        rows.append([prompt, [[trim(c.tokens, 49407), trim(c.multipliers, 1.0)] for c in chunks]])
    return rows


def lower(text):
    return ''.join(c.lower() for c in text)


def pieces_of(model, text):
    """(id, begin, end) of each piece of the lower-cased text, with </s> as a string of its own; begin and end in characters
    of @text, without the space before."""
    out, at = [], 0
    for i, segment in enumerate(text.split('</s>')):
        if i > 0:
            out.append((model.piece_to_id('</s>'), at, at + 4))
            at += 4
        stripped = segment.rstrip() if i < text.count('</s>') else segment
        stripped = stripped.lstrip() if i > 0 else stripped
        at += len(segment) - len(segment.lstrip()) if i > 0 else 0
        low, back = '', []
        for k, c in enumerate(stripped):
            low += c.lower()
            back += [k] * len(c.lower())
        back.append(len(stripped))
        merged = []
        for piece in model.encode(low, out_type='immutable_proto').pieces:
            begin, end = piece.begin, piece.end
            while begin + 1 < end and low[begin].isspace():
                begin += 1
            merged.append((piece.id, at + back[begin], at + back[end]))
        out += merged
        at += len(segment.lstrip()) if i > 0 else len(segment)
    return out


def make_sentencepiece(model):
    end, pad = model.piece_to_id('</s>'), model.piece_to_id('[PAD]')
    commas = {model.piece_to_id(p) for p in (',', '、', '▁,', '▁、')} - {model.unk_id()}
    rows = []
    for prompt in JAPANESE:
        parts = parse(prompt)
        chunks, ids, weights, comma = [], [], [], -1

        def finish(n):
            nonlocal ids, weights, comma
            done = ids[:n] + ([] if n and ids[n - 1] == end else [end])
            chunks.append([trim(done + [pad] * (77 - len(done)), pad), trim([*weights[:n], 1.0, 1.0], 1.0)])
            ids, weights, comma = ids[n:], weights[n:], -1

        run = []
        for text, weight in [*parts, [None, 0]]:
            if text is not None:
                run.append((text, weight))
                continue
            joined = ''.join(t for t, _ in run)
            by_char = [w for t, w in run for _ in t] or [1.0]
            for piece, begin, stop in pieces_of(model, joined):
                covered = by_char[begin:stop] or [by_char[min(begin, len(by_char) - 1)]]
                weight = covered[0] if len(set(covered)) == 1 else sum(covered) / len(covered)
                if piece in commas:
                    comma = len(ids)
                elif len(ids) == 76 and comma >= 0 and len(ids) - comma <= 20:
                    finish(comma + 1)
                if len(ids) == 76:
                    finish(76)
                ids.append(piece)
                weights.append(weight)
            run = []
            finish(len(ids))
        if len(chunks) > 1 and parts[-1][0] == '':
            chunks.pop()
        rows.append([prompt, chunks])
    return rows


def hash_name(name):
    h = 0xcbf29ce484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001b3 % 2 ** 64
    return h


def fill(name, shape):
    """The rule of tests/golden/README.md."""
    n = int(np.prod(shape))
    with np.errstate(over='ignore'):
        z = np.uint64(hash_name(name)) + (np.arange(n, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float64) * 2.0 ** -23 - 1
    if len(shape) == 1:
        u = 0.1 * u + (1.0 if name.endswith('.weight') else 0.0)
    else:
        u = u * np.sqrt(3 / (n / shape[0]))
    return torch.from_numpy(u.astype(np.float32).reshape(shape))


def new_model():
    model = CLIPTextModel(CLIPTextConfig(**CONFIG, bos_token_id=49406, eos_token_id=49407, pad_token_id=49407)).eval()
    for name, value in model.named_parameters():
        value.data = fill(name if name.startswith('text_model.') else f'text_model.{name}', tuple(value.shape))
    return model


def make_embeddings():
    torch.manual_seed(9)
    folder = TOP / 'embeddings'
    cat, dots, paint = torch.randn(3, 8), torch.randn(8), torch.randn(2, 8)
    torch.save({'string_to_token': {'*': 265}, 'string_to_param': {'*': cat}, 'name': 'another name', 'step': 500,
                'sd_checkpoint': None, 'sd_checkpoint_name': None}, folder / 'eshi-cat.pt')
    torch.save({'string_to_token': {'*': torch.tensor(265)},
                'string_to_param': torch.nn.ParameterDict({'*': torch.nn.Parameter(cat)})}, folder / 'original.pt')
    torch.save({'<dots>': dots}, folder / 'learned_embeds.bin')
    save_file({'emb_params': paint}, folder / 'paint.safetensors')
    save_file({'<sks>': paint.half()}, folder / 'sks-file.safetensors')
    save_file({'emb_params': torch.randn(2, 12)}, folder / 'wide.safetensors')
    save_file({'a': paint, 'b': paint.clone()}, folder / 'two.safetensors')
    return [('eshi-cat', SimpleNamespace(vectors=3, vec=cat)), ('<dots>', SimpleNamespace(vectors=1, vec=dots[None])),
            ('paint', SimpleNamespace(vectors=2, vec=paint))]


def encode(model, chunk, skip, mode):
    text = getattr(model, 'text_model', model)

    def put_rows(_, __, out):
        out = out.clone()
        for offset, embedding in chunk.fixes:
            out[0, offset + 1:offset + 1 + embedding.vectors] = embedding.vec
        return out

    hook = text.embeddings.token_embedding.register_forward_hook(put_rows)
    out = model(torch.tensor([chunk.tokens]), output_hidden_states=True)
    hook.remove()
    z = text.final_layer_norm(out.hidden_states[-skip]) if skip > 1 else out.last_hidden_state
    mean = z.mean()
    z = z * torch.tensor(chunk.multipliers)[None, :, None]
    return z * (mean / z.mean()) if mode == 'original' else z


def make_encoded(tokenizer):
    model, line = new_model(), new_line(tokenizer, make_embeddings())
    out = {}
    for name, prompt, skip, mode in ENCODED:
        chunks, _ = line.tokenize_line(prompt)
        out[name] = torch.cat([encode(model, chunk, skip, mode) for chunk in chunks], 1)[0].contiguous()
    save_file(out, TOP / 'prompts.safetensors')


@torch.no_grad()
def main():
    import sentencepiece

    torch.set_num_threads(1)
    tokenizer = CLIPTokenizer(str(CLIP / 'vocab.json'), str(CLIP / 'merges.txt'))
    model = sentencepiece.SentencePieceProcessor(model_file=str(TOP / 'tokenizer-small.model'))
    rows = {
        'versions': [f'transformers {transformers.__version__}, torch {torch.__version__}, '
                     f'sentencepiece {sentencepiece.__version__}'],
        'attention': make_attention(), 'schedules': make_schedules(), 'clip': make_clip(tokenizer), 'sentencepiece': make_sentencepiece(model),
        'encoded': ENCODED,
    }
    body = ',\n'.join(f'{json.dumps(key)}: [\n' + ',\n'.join(
        json.dumps(row, ensure_ascii=False, separators=(',', ':')) for row in value) + ']' for key, value in rows.items())
    (TOP / 'prompts.json').write_text(f'{{\n{body}\n}}\n', 'utf-8')
    make_encoded(tokenizer)


main()
