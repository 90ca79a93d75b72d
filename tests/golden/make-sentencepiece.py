#!/usr/bin/env python3
# make-sentencepiece.py: trains tokenizer-small.model, a unigram model small enough to keep beside the tests.
#
# Its normalizer has a few hundred rules of nmt_nfkc, so that all paths of the double-array trie are met: replacements
# that grow, shrink, vanish and become spaces, and matches of several characters.
#
#   python3 tests/golden/make-sentencepiece.py tests/golden/tokenizer-small.model
#
# Made with sentencepiece 0.1.97. Training is not bound to give the same bytes twice.
#
# SPDX-License-Identifier: MIT

import itertools
import os
import pathlib
import sys
import tempfile
import unicodedata

import sentencepiece

NOUNS = ('猫 犬 鳥 魚 花 桜 山 海 空 森 城 駅 町 川 雪 月 星 雨 電車 自転車 富士山 少女 少年 サラリーマン 椅子 机 本 '
         'りんご みかん すし ラーメン コーヒー カメラ ロボット ドラゴン 宇宙船 お寺 神社 金魚 ひまわり').split()
TRAITS = ('白い 黒い 赤い 青い かわいい 大きな 小さな 可愛らしい きらきらした 静かな 古い 新しい 間抜けで可愛らしい').split()
STYLES = ('油絵 水彩画 浮世絵 鉛筆画 ドット絵 イラスト 写真 漫画風 高精細 肖像画 風景画 8k masterpiece portrait '
          'painting of a cat and dog best quality 1girl anime style').split()
PLACES = '椅子に座る 海辺を歩く 空を飛ぶ 夜の町で踊る 雨の中の 月を見る 森に住む 窓から見える'.split()

SPACES = ['\t', '\n', '\r', '\u00a0', '\u2003', '\u200b', '\u2028', '\u3000', '\ufeff']
REMOVED = list(range(0x01, 0x09)) + [0x0b] + list(range(0x0e, 0x20)) + [0x7f, 0x8f, 0x9f]


def corpus():
    for trait, noun, style in itertools.product(TRAITS, NOUNS, STYLES):
        yield f'{trait}{noun} {style}'
    for place, noun, style in itertools.product(PLACES, NOUNS, STYLES):
        yield f'{place}{noun}、{style}'
    for number in range(300):
        yield f'{number} {number * 7919}'


def rules():
    """The rules of nmt_nfkc for the blocks that Japanese text meets, as source and target code points."""
    chosen = itertools.chain(range(0xff01, 0xffe7), range(0x2460, 0x24ea), range(0x3300, 0x3358), range(0x3371, 0x3380),
                             [0xfdfa, 0xa8, 0xb4, 0x2122, 0x2026, 0x1d15e])
    for c in chosen:
        target = unicodedata.normalize('NFKC', chr(c))
        if target != chr(c):
            yield chr(c), target
    for c in range(0x3041, 0x30ff):
        for mark in '\u3099\u309a':
            target = unicodedata.normalize('NFKC', chr(c) + mark)
            if len(target) == 1:
                yield chr(c) + mark, target
    for c in range(0xff66, 0xff9e):
        for mark in '\uff9e\uff9f':
            target = unicodedata.normalize('NFKC', chr(c) + mark)
            if len(target) == 1:
                yield chr(c) + mark, target
    for space in SPACES:
        yield space, ' '
    for c in REMOVED:
        yield chr(c), ''


def codes(text):
    return ' '.join(f'{ord(c):X}' for c in text)


def main():
    target = pathlib.Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the model names its inputs
        pathlib.Path('rules.tsv').write_text(''.join(f'{codes(a)}\t{codes(b)}\n' for a, b in rules()))
        pathlib.Path('corpus.txt').write_text(''.join(line + '\n' for line in corpus()))
        sentencepiece.SentencePieceTrainer.train(
            input='corpus.txt', model_prefix='small', model_type='unigram', vocab_size=400, character_coverage=1.0,
            normalization_rule_tsv='rules.tsv', unk_id=0, bos_id=1, eos_id=2, pad_id=3, pad_piece='[PAD]',
            control_symbols=['[CLS]', '[SEP]', '[MASK]'], num_threads=1, minloglevel=2)
        target.write_bytes(pathlib.Path('small.model').read_bytes())
        os.chdir(target.parent)


main()
