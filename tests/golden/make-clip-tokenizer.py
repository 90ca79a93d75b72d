#!/usr/bin/env python3
# make-clip-tokenizer.py: CLIP's vocabulary as two files, and the ids that transformers' slow CLIPTokenizer gives with it.
#
#   python3 tests/golden/make-clip-tokenizer.py vocabulary bpe_simple_vocab_16e6.txt.gz data/tokenizer/clip
#   python3 tests/golden/make-clip-tokenizer.py ids data/tokenizer/clip > tests/golden/tokenizer-clip.json
#
# The slow tokenizer without ftfy is meant: made with transformers 4.57.3, the last that has it, and regex 2026.11.19
# under Python 3.11. The list of merges is the one in open_clip_torch 3.3.0.
#
# SPDX-License-Identifier: MIT

import gzip
import importlib.util
import json
import pathlib
import random
import sys
import unicodedata

N_MERGES = 49152 - 256 - 2

FIXED = [
    '', ' ', '\u3000', 'a photograph of an astronaut riding a horse', 'A Photo, of 3 cats!', "It's I'm we've THEY'RE",
    "DON'T WE'LL YOU'D i'ſ", "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'VE 'M 'LL 'D '", "''s !'s '''", "rock'n'roll's",
    '猫の肖像画 油絵', 'サラリーマン 油絵', 'ひらがなとカタカナ', '葛飾北斎の波、浮世絵、高精細、8K', '漢字kanji漢字', '東京タワー2024年',
    '\ufa10\uf900\U0002f800', 'か\u3099', 'ｶﾞﾊﾟＡＢＣ１２３', '한국어 서울', '\u1112\u1161\u11ab', 'Привет МИР', 'مرحبا ١٢٣',
    'हिन्दी १२३', 'ไทย ๑๒๓', '½¼ ² ³ Ⅷ ⅷ Ⓐ ⓐ ①②③ 〇 ㊀', '1234567890', '3.14159', 'v1.5-pruned', '\U0001d7d8\U0001d7e2 𝔘𝔫𝔦',
    '😀', '😀😁🎨🐈', '👨\u200d👩\u200d👧\u200d👦 family', '❤\ufe0f', '🏳\ufe0f\u200d🌈', '👍🏽', '🇯🇵', 'a\u200db', 'ne\u200bw li\u200cne',
    'a\u00a0b', 'a\u3000b', 'a\u2003b\u2028c\u2029d\u202fe\u205ff\u1680g', 'a\u0085b', 'a\x1cb\x1fc', 'a\tb\nc\rd', '\ufeffa',
    'soft\u00adhyphen', 'e\u0301 é', 'E\u0301É', 'n\u0303o', 'a\u0323\u0307 a\u0307\u0323', 'q\u0307\u0323', 'x\u0301\u0302\u0303y',
    '\u0301a', 'Å Å', 'İstanbul', 'İ', 'I\u0307', 'ıI', 'straße STRASSE ẞ', 'ΟΔΥΣΣΕΥΣ', 'ΣΑΣ ΣΑΣ. Σ', "ΑΣ' ΑΣ'Α", 'ΑΣ\u0301', 'ΑΣ:Β',
    'ΑΣ.', 'Α.Σ', 'aΣb', 'ªΣ ⅧΣ ⒶΣ 1Σ', 'Σ' * 5, 'ΌΣΟΣ', 'ΑΣ<|endoftext|>Α', 'a\x01b', '\x02', 'a\x07\x1b[31mb', '\x7f', '\ufffd',
    'a\ufffdb', '\ue000x', '\U000f0000', '\u0378', '\ufdd0\uffff', '<|startoftext|>', '<|endoftext|>', 'a <|endoftext|> b',
    'a<|endoftext|>b', '<|ENDOFTEXT|>', 'x<|StartOfText|>y', '<|endoftext|><|endoftext|>', '!<|ENDOFTEXT|>!', '<|endof\x01text|>',
    '<|ſtartoftext|>', '<|endoftext', '|>', '<||>', 'endoftext', '</w>', 'a</w>', 'a' * 1000, 'あ' * 1000, '猫' * 1000, '!' * 1000,
    '1' * 1000, 'ab' * 500, 'antidisestablishmentarianism' * 36, 'haha' * 300, '😀' * 300, 'a ' * 75, 'a ' * 76, 'a ' * 74, 'a ' * 200,
    'cat, ' * 40, '\u0345', 'α\u0345 ᾳ', 'ᾼ ͅ', 'ǅ Ǆ ǆ', 'Ꭰ ꭰ', 'Ა ა', 'ℵ K Å', 'ﬁﬂ', 'ŉ', '…—–‘’“”', '(masterpiece:1.2), [x|y]', '#@$%^&*()_+-=',
    'C++ & C#', '50% off!!!', 'http://example.com/?a=b&amp;c', '&lt;b&gt;', 'ǰ̣', '\u0344', '가각', '\u2126', 'ﷺ', '\u037e;', '⁰ⁿ₁', '²x³',
    '〆々〻ゝヽー', '゛゜', '\u3164', '﹏_‿', '𐐀𐐨', '🄰🅐🆊', '\u180e', '\u2060', 'à la carte naïve façade', 'Ünïcödé', 'ĐẶNG',
    'masterpiece, best quality, 1girl, solo, long hair, looking at viewer, intricate, highly detailed, artstation',
]

POOLS = [
    'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'ÀÉÎÖÜŞİıßẞſ', 'αβγσςΣΑΔΩ', 'ДЖдж', '0123456789١٢३๓½²Ⅷⅷ①',
    'あいうえおかがきくけこっんアイウエオガーャ', '猫犬白黒赤青花山海空油絵画風景', ' \u3000\t\n\u00a0\u2003', '\u200b\u200d\ufe0f\u00ad\u0001\u0007\ufffd',
    '\u0301\u0307\u0323\u0345\u3099', '()[]{}<>|/,.!?:;"-_', "'.:\u00b7\u2019", '😀😁🎨🐈🏽', 'Ⓐⓐªºʰꟸ', '각한글',
]
WORDS = ["'s", "'T", "'Re", "'ve", "'M", "'lL", "'D", '<|startoftext|>', '<|endoftext|>', '<|EndOfText|>', 'portrait', 'Of', 'a', 'cat',
         'painting', 'trending on artstation', '浮世絵', 'Greg Rutkowski', '4k', 'HDR']


def texts():
    yield from FIXED
    rng = random.Random(20221123)
    for _ in range(600):
        parts = []
        for _ in range(rng.randint(1, 12)):
            if rng.random() < 0.3:
                parts.append(rng.choice(WORDS))
            else:
                pool = rng.choice(POOLS)
                parts.append(''.join(rng.choice(pool) for _ in range(rng.randint(1, 6))))
        yield ''.join(parts)
    known = [c for c in map(chr, range(1, 0x110000)) if unicodedata.category(c) not in ('Cn', 'Cs', 'Co')]
    for _ in range(400):
        parts = [rng.choice(known) for _ in range(3)]
        yield f'{parts[0]}A{parts[1]}Σ{parts[2]}a'


def byte_symbols():
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in plain]
    symbols = dict(zip(plain, map(chr, plain)))
    symbols.update((b, chr(256 + i)) for i, b in enumerate(others))
    return list(symbols.values())


def make_vocabulary(source, folder):
    lines = gzip.open(source, 'rt', encoding='utf-8').read().split('\n')
    merges = lines[1:N_MERGES + 1]
    names = byte_symbols()
    names += [name + '</w>' for name in names]
    names += [''.join(merge.split()) for merge in merges]
    names += ['<|startoftext|>', '<|endoftext|>']
    vocabulary = {name: i for i, name in enumerate(names)}
    assert len(vocabulary) == 49408
    folder = pathlib.Path(folder)
    (folder / 'vocab.json').write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(',', ':')) + '\n', 'utf-8')
    (folder / 'merges.txt').write_text('\n'.join(['#version: 0.2', *merges]) + '\n', 'utf-8')


def make_ids(folder):
    import regex
    import transformers

    assert importlib.util.find_spec('ftfy') is None
    tokenizer = transformers.CLIPTokenizer(f'{folder}/vocab.json', f'{folder}/merges.txt', model_max_length=77)
    other = transformers.CLIPTokenizer(f'{folder}/vocab.json', f'{folder}/merges.txt', model_max_length=77, pad_token='!')
    out = {
        'versions': f'transformers {transformers.__version__}, regex {regex.__version__}, '
                    f'Unicode {unicodedata.unidata_version}',
        'texts': list(texts()),
        'counts': [len(tokenizer(text).input_ids) - 2 for text in texts()],
        'ids': [padded(tokenizer, text) for text in texts()],
        'ids2': [padded(other, text) for text in list(texts())[:len(FIXED)]],
    }
    body = ',\n'.join(f'{json.dumps(key)}: {json.dumps(value, separators=(",", ":"))}' for key, value in out.items())
    sys.stdout.write(f'{{\n{body}\n}}\n')


def padded(tokenizer, text):
    """The 77 ids without the padding at their end."""
    ids = tokenizer(text, padding='max_length', truncation=True, max_length=77).input_ids
    assert len(ids) == 77
    while ids[-1] == tokenizer.pad_token_id:
        ids.pop()
    return ids


def main():
    if sys.argv[1] == 'vocabulary':
        make_vocabulary(sys.argv[2], sys.argv[3])
    else:
        make_ids(sys.argv[2])


main()
