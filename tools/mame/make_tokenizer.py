#!/usr/bin/env python3
"""Train the SentencePiece unigram tokenizer and write a T5Tokenizer folder."""
import argparse
import json
import os
import string

import numpy as np
import sentencepiece

from captions import COLOUR_WORDS, STYLE_WORDS, corpus
from subjects import load_cldr, read_subjects

CONFIG = {
    'additional_special_tokens': [], 'bos_token': '<s>', 'cls_token': '[CLS]', 'do_lower_case': True,
    'eos_token': '</s>', 'extra_ids': 0, 'mask_token': '[MASK]', 'pad_token': '[PAD]', 'sep_token': '[SEP]',
    'sp_model_kwargs': {}, 'tokenizer_class': 'T5Tokenizer', 'unk_token': '<unk>',
}


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--work', default='build/mame')
    ap.add_argument('--cldr', default='/usr/share/unicode/cldr/common')
    ap.add_argument('--vocab', type=int, default=6000)
    ap.add_argument('-o', '--output', required=True, help='the tokenizer folder to write')
    args = ap.parse_args()
    rng = np.random.default_rng(0)
    subjects = read_subjects()
    extra = [k for words in load_cldr(args.cldr).values() for k in words]
    extra += [chr(c) for c in range(0x3041, 0x30fe)] + list(string.ascii_lowercase + string.digits) * 3
    extra += [w for words in list(STYLE_WORDS.values()) + list(COLOUR_WORDS.values()) for w in words] * 40
    text = os.path.join(args.work, 'tokenizer.txt')
    with open(text, 'w', encoding='utf-8') as f:
        for line in corpus(subjects, rng, extra):
            f.write(line.lower() + '\n')
    os.makedirs(args.output, exist_ok=True)
    sentencepiece.SentencePieceTrainer.train(
        input=text, model_prefix=os.path.join(args.output, 'spiece'), model_type='unigram', vocab_size=args.vocab,
        hard_vocab_limit=False, character_coverage=1.0, normalization_rule_name='nmt_nfkc', max_sentencepiece_length=12,
        unk_id=0, bos_id=1, eos_id=2, pad_id=3, pad_piece='[PAD]', control_symbols=['[CLS]', '[SEP]', '[MASK]'],
        byte_fallback=False, num_threads=1, minloglevel=1)
    os.remove(os.path.join(args.output, 'spiece.vocab'))
    with open(os.path.join(args.output, 'tokenizer_config.json'), 'w', encoding='utf-8') as f:
        json.dump(CONFIG, f, ensure_ascii=False, indent=2)
    special = {k: v for k, v in CONFIG.items() if k.endswith('_token')}
    with open(os.path.join(args.output, 'special_tokens_map.json'), 'w', encoding='utf-8') as f:
        json.dump(special, f, ensure_ascii=False, indent=2)
    sp = sentencepiece.SentencePieceProcessor(model_file=os.path.join(args.output, 'spiece.model'))
    print('pieces', sp.get_piece_size(), [sp.id_to_piece(i) for i in range(10)])
    for t in ('猫 油絵', '赤い背景の猫、水彩画', 'サラリーマン 油絵', '間抜けで可愛らしい白い猫 漫画風', 'きらきら ドキドキ'):
        print(t, sp.encode(t, out_type=str))


if __name__ == '__main__':
    main()
