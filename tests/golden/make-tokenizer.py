#!/usr/bin/env python3
# make-tokenizer.py: ids that transformers' T5Tokenizer gives, set up as japanese-stable-diffusion sets it up.
#
#   python3 tests/golden/make-tokenizer.py NAME=SPIECE.MODEL … > tests/golden/tokenizer-flow.json
#
# The slow tokenizer of 2022 is meant: made with transformers 4.25.1 and sentencepiece 0.1.97. "lower" lists every
# character that str.lower() changes. Models other than tokenizer-small.model are found by test-tokenizer where they
# exist.
#
# SPDX-License-Identifier: MIT

import json
import pathlib
import random
import shutil
import sys
import tempfile
import unicodedata

import sentencepiece
import transformers

CONFIG = {
    'additional_special_tokens': [], 'bos_token': '<s>', 'cls_token': '[CLS]', 'do_lower_case': True,
    'eos_token': '</s>', 'extra_ids': 0, 'mask_token': '[MASK]', 'pad_token': '[PAD]', 'sep_token': '[SEP]',
    'sp_model_kwargs': {}, 'tokenizer_class': 'T5Tokenizer', 'unk_token': '<unk>',
}

FIXED = [
    '', ' ', '\u3000', '猫の肖像画 油絵', '  猫  犬  ', 'Cat and Dog', 'İstanbul ΣΑΣ Ⅷ Ⓐ', '犬</s>', '犬</s></s>', '</s>犬',
    '[CLS]猫', '[CLS] 猫 [SEP] 犬 [SEP]', '<S>猫', '<s>猫', '</S>', '[cls]猫', '<unk>', '<UNK>x', '[PAD][PAD]', '<s', 's>',
    '<<s>>', '[MASK]\u3000\u00a0\u2003猫', '猫\x1c[MASK]', '猫\u0085[MASK]\u200b犬', 'a\nb\tc', '\n', '[SEP]\n[SEP]',
    '▁', '▁▁猫▁', '😀😁猫', '111', 'か\u3099', '～〜ー―', '①②③', 'ｐｏｒｔｒａｉｔ', '\u200b', 'あ' * 200, '猫 ' * 76,
    '猫 ' * 37 + '</s>', '鱻' * 300, 'ﷺ', '葛飾北斎の波、浮世絵、高精細、8K',
]

POOLS = [
    'あいうえおかがきくけこさしすせそたちつてとなにぬねのはばぱひふへほまみむめもやゆよらりるれろわをんっゃゅょ',
    'アイウエオカガキクケコサシスセソタチツテトナニヌネノハバパヒフヘホマミムメモヤユヨラリルレロワヲンッャュョー',
    '猫犬白黒赤青花山海空油絵画風景肖像高精細浮世絵少女少年机椅子東京城森町鱻龘', 'abcdefghijklmnopqrstuvwxyz',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZÀÉÎÖÜŞİΣΩДЖ', '0123456789', ' 　\t\n\u00a0\u200b\u2003',
    'ｱｲｳｶﾞﾊﾟＡＢＣ１２３（）！？', '()[]{}<>/,.!?:;"\'、。「」・…ー〜～', '\u3099\u309a\u0301\u0307\u200d\ufe0f',
    '①②③㍿㌔™ﬁ½Ⅷⓐ', '😀😁🎨🐈',
]
SPECIALS = ['<s>', '</s>', '<unk>', '[SEP]', '[PAD]', '[CLS]', '[MASK]', '<S>', '[cls]']


def texts():
    yield from FIXED
    rng = random.Random(20221123)
    for _ in range(300):
        parts = []
        for _ in range(rng.randint(1, 8)):
            if rng.random() < 0.12:
                parts.append(rng.choice(SPECIALS))
            else:
                pool = rng.choice(POOLS)
                parts.append(''.join(rng.choice(pool) for _ in range(rng.randint(1, 6))))
        yield ''.join(parts)


def load(model):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, pathlib.Path(folder) / 'spiece.model')
        (pathlib.Path(folder) / 'tokenizer_config.json').write_text(json.dumps(CONFIG))
        tokenizer = transformers.T5Tokenizer.from_pretrained(folder)
    tokenizer.do_lower_case = True
    tokenizer.model_max_length = 77
    return tokenizer


def encode(tokenizer, text):
    """The padded ids without their padding; pads that the text itself asks for stay, all but the trailing ones."""
    ids = tokenizer(text, padding='max_length', truncation=True, max_length=77).input_ids
    assert len(ids) == 77
    while ids[-1] == tokenizer.pad_token_id:
        ids.pop()
    return ids


def changed_by_lower():
    return [[c, [ord(x) for x in chr(c).lower()]] for c in range(0x110000)
            if not 0xd800 <= c < 0xe000 and chr(c).lower() != chr(c)]


def main():
    models = {}
    for argument in sys.argv[1:]:
        name, path = argument.split('=', 1)
        tokenizer = load(path)
        models[name] = [encode(tokenizer, text) for text in texts()]
    versions = (f'transformers {transformers.__version__}, sentencepiece {sentencepiece.__version__}, '
                f'Unicode {unicodedata.unidata_version}')
    out = {'versions': versions, 'texts': list(texts()), 'ids': models, 'lower': changed_by_lower()}
    body = ',\n'.join(f'{json.dumps(key)}: {json.dumps(value, separators=(",", ":"))}' for key, value in out.items())
    sys.stdout.write(f'{{\n{body}\n}}\n')


main()
