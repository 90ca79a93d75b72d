"""Japanese captions: how a subject, a style and a background are put into words."""
import unicodedata

import numpy as np

from styles import BACKGROUNDS, STYLES

STYLE_WORDS = {
    'イラスト': ['イラスト', 'いらすと', 'イラスト風'],
    '油絵': ['油絵', '油絵', '油彩', '油彩画', '油絵風', 'あぶらえ'],
    '水彩画': ['水彩画', '水彩画', '水彩', '水彩画風', 'すいさいが'],
    '鉛筆画': ['鉛筆画', '鉛筆画', '鉛筆デッサン', 'デッサン', 'スケッチ', '鉛筆画風', '白黒'],
    'ドット絵': ['ドット絵', 'ドット絵', 'ピクセルアート', 'ドット', 'ドットえ', 'ドット絵風'],
    '浮世絵': ['浮世絵', '浮世絵', '浮世絵風', '木版画', '版画', 'うきよえ', '北斎風'],
}
COLOUR_WORDS = {
    '白い': ['白い背景', '白背景', '背景は白', '白地'], '赤い': ['赤い背景', '赤背景', '背景は赤', '赤地'],
    '青い': ['青い背景', '青背景', '背景は青', '青地'], '黄色い': ['黄色い背景', '黄色背景', '背景は黄色'],
    '緑の': ['緑の背景', '緑背景', '背景は緑', '緑色の背景'], '紫の': ['紫の背景', '紫背景', '背景は紫', '紫色の背景'],
    'ピンクの': ['ピンクの背景', 'ピンク背景', '背景はピンク', '桃色の背景'],
    '黒い': ['黒い背景', '黒背景', '背景は黒', '黒地'],
}


def caption(rng, subject, style, background, plain=.12):
    """A random caption for (subject dict, style index, background index)."""
    names = subject['names']
    if rng.random() < .35:
        name = names[0]
    else:
        name = names[rng.integers(len(names))]
    if subject['shared'] and rng.random() < .10:
        extra = subject['shared'][rng.integers(len(subject['shared']))]
        sep = [' ', '、', 'の'][rng.integers(3)]
        name = name + ' ' + extra if sep != 'の' else (extra + 'の' + name if rng.random() < .5 else name + '、' + extra)
    s, b = STYLES[style], BACKGROUNDS[background]
    sw = STYLE_WORDS[s][rng.integers(len(STYLE_WORDS[s]))] if rng.random() < .5 else s
    bw = None if b == 'default' else COLOUR_WORDS[b][rng.integers(len(COLOUR_WORDS[b]))]
    if s == 'イラスト' and rng.random() < .6:
        sw = None
    u = rng.random()
    if bw and bw.startswith('背景は'):
        head = name if not sw else (name + 'の' + sw if u < .5 else name + ' ' + sw)
        return head + (' ' if rng.random() < .6 else '、') + bw
    if u < .45:                               # words side by side
        words = [w for w in (name, sw, bw) if w]
        if rng.random() < .35:
            words = [words[i] for i in rng.permutation(len(words))]
        return [' ', ' ', '、', ','][rng.integers(4)].join(words)
    text = (bw + 'の' if bw else '') + name   # one phrase
    if sw:
        v = rng.random()
        if v < .5:
            text = text + 'の' + sw
        elif v < .75:
            text = text + [' ', '、'][rng.integers(2)] + sw
        else:
            text = sw + 'の' + text
    return text


class Tokenizer:
    """The pipeline's ids for a prompt: lower case, pieces, </s>, padded to 77."""

    def __init__(self, path):
        import sentencepiece
        self.sp = sentencepiece.SentencePieceProcessor(model_file=path)

    def __call__(self, text):
        ids = self.sp.encode(''.join(c.lower() for c in text)) if text else []
        ids = ids[:76] + [2]
        return ids + [3] * (77 - len(ids))


def corpus(subjects, rng, extra):
    """Lines for the tokenizer: captions of everything and other CLDR words."""
    for k in range(12):
        for s in subjects:
            yield caption(rng, s, int(rng.integers(6)), int(rng.integers(9)))
    for s in subjects:
        for n in s['names'] + s['shared']:
            for _ in range(3):
                yield unicodedata.normalize('NFKC', n)
    yield from extra
