#!/usr/bin/env python3
"""Turn selection.txt and Unicode CLDR's Japanese annotations into subjects.tsv.

Each line of subjects.tsv is one subject: id, emoji sequence, main name, and its
other names separated by '|'.  Other names are our own aliases, CLDR keywords that
belong to this subject alone, and their hiragana and katakana readings by MeCab.
A keyword shared by two or more subjects goes to the fifth column: captions use it
only beside a name of the subject.
"""
import argparse
import os
import subprocess
import unicodedata
import xml.etree.ElementTree as ET

HERE = os.path.dirname(os.path.abspath(__file__))


# keywords that say no subject: colours, and words the styles and backgrounds use
STOP = set('黒 白 赤 青 緑 紫 黄色 黄 ピンク 茶色 オレンジ色 灰色 色 絵 絵画 イラスト 油絵 水彩 スケッチ デッサン 版画 背景 ドット'.split())


def load_cldr(folder):
    """CLDR annotations as {emoji without U+FE0F: [name, keyword, ...]}."""
    names = {}
    for part in ('annotations', 'annotationsDerived'):
        root = ET.parse(os.path.join(folder, part, 'ja.xml')).getroot()
        for a in root.iter('annotation'):
            entry = names.setdefault(a.get('cp').replace('\ufe0f', ''), ['', []])
            if a.get('type'):
                entry[0] = a.text.strip()
            else:
                entry[1] = [k.strip() for k in a.text.split('|')]
    return {cp: [n] + k for cp, (n, k) in names.items()}


def is_kana(text):
    """True for a word of hiragana, katakana and the long vowel mark only."""
    return all('\u3041' <= c <= '\u30fc' for c in text)


def to_hiragana(text):
    return ''.join(chr(ord(c) - 0x60) if '\u30a1' <= c <= '\u30f6' else c for c in text)


def to_katakana(text):
    return ''.join(chr(ord(c) + 0x60) if '\u3041' <= c <= '\u3096' else c for c in text)


def readings(words):
    """Katakana reading of every word, by MeCab; '' where it knows none."""
    out = subprocess.run(['mecab', '-Oyomi'], input='\n'.join(words) + '\n',
                         capture_output=True, text=True, check=True).stdout
    result = {}
    for word, yomi in zip(words, out.split('\n')):
        yomi = yomi.strip()
        result[word] = yomi if yomi and is_kana(yomi) else ''
    return result


def build(selection, cldr):
    """Rows (id, emoji, names, shared keywords) for every selected subject."""
    rows = []
    for line in open(selection, encoding='utf-8'):
        parts = line.split()
        if not parts or parts[0].startswith('#'):
            continue
        emoji = parts[0].replace('\ufe0f', '')
        own = parts[1:]
        known = [k for k in cldr.get(emoji, ['']) if k and len(k) <= 14 and k not in STOP]
        rows.append(('-'.join('%x' % ord(c) for c in emoji), emoji, own, known))
    own_of = {}
    for row in rows:
        for name in row[2]:
            own_of.setdefault(unicodedata.normalize('NFKC', name).lower(), row[0])
    count = {}
    for _, _, own, known in rows:
        for k in set(own + known):
            count[k] = count.get(k, 0) + 1
    result = []
    every = sorted({n for r in rows for n in r[2] + r[3]})
    yomi = readings(every)
    variants_of = {}
    for ident, _, own, known in rows:
        for n in own + known:
            if count[n] > 1 and n not in own:
                continue
            base = [n] if is_kana(n) else ([yomi[n]] if yomi[n] else [])
            for b in base:
                for v in (to_hiragana(b), to_katakana(b)):
                    variants_of.setdefault(v, set()).add(ident)
    for ident, emoji, own, known in rows:
        names, shared = [], []

        def add(name):
            key = unicodedata.normalize('NFKC', name).lower()
            if name and name not in names and own_of.get(key, ident) == ident:
                names.append(name)
        for n in own:
            add(n)
        for n in known:
            if count[n] == 1 or not names:
                add(n)
            elif n not in names:
                shared.append(n)
        for n in list(names):
            b = n if is_kana(n) else yomi.get(n, '')
            if b and len(b) <= 10:
                for v in (to_hiragana(b), to_katakana(b)):
                    if len(v) > 1 and variants_of.get(v, {ident}) == {ident}:
                        add(v)
        result.append((ident, emoji, names, shared))
    return result


def read_subjects(path=os.path.join(HERE, 'subjects.tsv')):
    """Load subjects.tsv as a list of dicts (id, emoji, names, shared)."""
    rows = []
    for line in open(path, encoding='utf-8'):
        if line.startswith('#'):
            continue
        ident, emoji, name, names, shared = line.rstrip('\n').split('\t')
        rows.append({'id': ident, 'emoji': emoji, 'name': name,
                     'names': [name] + [n for n in names.split('|') if n],
                     'shared': [n for n in shared.split('|') if n]})
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument('--selection', default=os.path.join(HERE, 'selection.txt'))
    ap.add_argument('--cldr', default='/usr/share/unicode/cldr/common')
    ap.add_argument('-o', '--output', default=os.path.join(HERE, 'subjects.tsv'))
    args = ap.parse_args()
    rows = build(args.selection, load_cldr(args.cldr))
    with open(args.output, 'w', encoding='utf-8') as out:
        out.write('# id\temoji\tname\tother names\tshared keywords\n')
        for ident, emoji, names, shared in rows:
            out.write('\t'.join([ident, emoji, names[0], '|'.join(names[1:]),
                                 '|'.join(shared)]) + '\n')
    print(len(rows), 'subjects,', sum(len(r[2]) for r in rows), 'names')


if __name__ == '__main__':
    main()
