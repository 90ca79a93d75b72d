"""Draw a subject in a style on a background: the pictures 豆 learns from.

Only numpy and Pillow are needed.  A picture is a foreground layer (RGBA, made
once per subject and style) over a background, then a fixed texture.  Textures
repeat every 8 pixels and the subject moves in steps of 8 pixels, so that one cell
of the autoencoder's 8x grid always sees the same detail in the same place.
"""
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE = 128
BOX = 104                      # longest side of the glyph
FONT = '/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf'

STYLES = ['イラスト', '油絵', '水彩画', '鉛筆画', 'ドット絵', '浮世絵']
# default: what a caption without a background word shows
BACKGROUNDS = ['default', '白い', '赤い', '青い', '黄色い', '緑の', '紫の', 'ピンクの', '黒い']
COLOURS = {'白い': (250, 250, 250), '赤い': (222, 62, 58), '青い': (66, 120, 214),
           '黄色い': (248, 214, 72), '緑の': (84, 170, 98), '紫の': (146, 96, 190),
           'ピンクの': (247, 166, 196), '黒い': (30, 30, 36)}
DEFAULTS = {'イラスト': (250, 250, 250), '油絵': (190, 158, 108), '水彩画': (250, 249, 246),
            '鉛筆画': (246, 244, 238), 'ドット絵': (226, 238, 248), '浮世絵': (240, 228, 200)}
UKIYO = {'白い': (246, 242, 230), '赤い': (196, 74, 56), '青い': (72, 112, 158),
         '黄色い': (232, 194, 92), '緑の': (104, 142, 92), '紫の': (128, 98, 148),
         'ピンクの': (234, 168, 168), '黒い': (46, 42, 44)}
PALETTE = np.array([(246, 240, 222), (36, 52, 96), (66, 108, 158), (140, 176, 196), (188, 60, 48),
                    (222, 112, 76), (238, 178, 160), (226, 178, 78), (206, 140, 76), (130, 88, 60),
                    (92, 128, 80), (152, 176, 116), (42, 38, 38), (130, 126, 122), (190, 186, 176),
                    (122, 88, 142)], np.float32)
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


def load_font(path=FONT):
    """Noto Color Emoji; libraqm (where Pillow has it) joins ZWJ sequences."""
    return ImageFont.truetype(path, 109)


def glyph(emoji, font):
    """The emoji as RGBA, BOX pixels on its longest side, centred on SIZE x SIZE."""
    im = Image.new('RGBA', (320, 180), (0, 0, 0, 0))
    ImageDraw.Draw(im).text((20, 20), emoji, font=font, embedded_color=True)
    box = im.getbbox()
    if box is None:
        raise ValueError('no glyph for ' + emoji)
    im = im.crop(box)
    if im.width > 1.6 * im.height and len(emoji) > 1:
        raise ValueError('not joined (Pillow without raqm?): ' + emoji)
    scale = BOX / max(im.size)
    w, h = (max(1, round(v * scale)) for v in im.size)
    a = np.asarray(im, np.float32)
    a[..., :3] *= a[..., 3:] / 255            # resize with premultiplied alpha
    planes = [np.asarray(Image.fromarray(a[..., c]).resize((w, h), Image.LANCZOS)) for c in range(4)]
    out = np.zeros((SIZE, SIZE, 4), np.float32)
    y, x = (SIZE - h) // 2, (SIZE - w) // 2
    out[y:y + h, x:x + w] = np.clip(np.stack(planes, -1), 0, 255)
    al = np.maximum(out[..., 3:], 1)
    out[..., :3] = np.clip(out[..., :3] * 255 / al, 0, 255)
    return out


def blur(a, radius):
    """Gaussian blur of a float array [H,W] or [H,W,C]."""
    if a.ndim == 2:
        return _blur(a, radius)
    return np.stack([_blur(a[..., c], radius) for c in range(a.shape[-1])], -1)


def _blur(a, radius):
    n = int(3 * radius + 1)
    k = np.exp(-0.5 * (np.arange(-n, n + 1) / radius) ** 2)
    k = (k / k.sum()).astype(np.float32)
    p = np.pad(a.astype(np.float32), n, mode='edge')
    p = sum(k[i] * p[i:i + a.shape[0]] for i in range(2 * n + 1))
    return sum(k[i] * p[:, i:i + a.shape[1]] for i in range(2 * n + 1))


def fill(g):
    """The glyph's colours spread into its transparent surroundings: [H,W,3]."""
    al = g[..., 3:] / 255
    rgb, w = g[..., :3] * al, al
    for r in (1.5, 4, 12):
        bw, brgb = blur(w, r), blur(rgb, r)
        rgb = rgb + (1 - w) * brgb
        w = w + (1 - w) * bw
    return rgb / np.maximum(w, 1e-3)


def saturate(rgb, amount):
    grey = rgb @ np.array([.299, .587, .114], np.float32)
    return np.clip(grey[..., None] + (rgb - grey[..., None]) * amount, 0, 255)


def step(x, lo, hi):
    """Smooth ramp from 0 at lo to 1 at hi."""
    t = np.clip((x - lo) / (hi - lo), 0, 1)
    return t * t * (3 - 2 * t)


def edges(rgb):
    """Largest colour difference between neighbouring pixels, 0..1."""
    gy = np.abs(np.diff(rgb, axis=0, append=rgb[-1:])).max(-1)
    gx = np.abs(np.diff(rgb, axis=1, append=rgb[:, -1:])).max(-1)
    return np.hypot(gx, gy) / 255


def layer_illustration(g):
    """イラスト: the drawing as it is."""
    return g


def layer_oil(g):
    """油絵: colours gathered into dabs, strong colour, soft rim."""
    im = Image.fromarray(fill(g).astype(np.uint8)).filter(ImageFilter.MedianFilter(5)).filter(ImageFilter.ModeFilter(7))
    rgb = saturate(blur(np.asarray(im, np.float32), 0.7), 1.3)
    rgb = np.clip((rgb - 128) * 1.08 + 122, 0, 255)
    al = step(blur(g[..., 3] / 255, 1.6), .3, .7) * 255
    return np.concatenate([rgb, al[..., None]], -1)


def layer_water(g):
    """水彩画: thin colour with a wavering outline and darker wet edges."""
    dx = .9 * np.sin(2 * np.pi * _Y / 21) + .6 * np.sin(2 * np.pi * (_X + _Y) / 13)
    dy = .9 * np.sin(2 * np.pi * _X / 19) + .6 * np.sin(2 * np.pi * (_X - _Y) / 15)
    yy = np.clip(np.round(_Y + dy), 0, SIZE - 1).astype(int)
    xx = np.clip(np.round(_X + dx), 0, SIZE - 1).astype(int)
    g = np.concatenate([fill(g), g[..., 3:]], -1)[yy, xx]
    rgb, a = blur(g[..., :3], 1.0), step(blur(g[..., 3] / 255, 1.0), .3, .7)
    rgb = 255 - (255 - saturate(rgb, 1.15)) * .62
    rim = np.clip(a - step(blur(a, 2.4), .45, .95), 0, 1)[..., None]
    rgb = rgb * (1 - .42 * rim)
    return np.concatenate([np.clip(rgb, 0, 255), a[..., None] * 250], -1)


def layer_pencil(g):
    """鉛筆画: outlines, shading and crossed hatching; alpha is the graphite."""
    al = g[..., 3:] / 255
    rgb = g[..., :3] * al + 255 * (1 - al)
    tone = 1 - blur(rgb @ np.array([.299, .587, .114], np.float32), .8) / 255
    line = np.maximum(step(edges(blur(rgb, .9)), .10, .30), step(edges(blur(al * 255, 1.0)), .12, .30))
    line = blur(line, .6)
    h1 = .5 + .5 * np.cos(2 * np.pi * (_X + _Y) / 4)
    h2 = .5 + .5 * np.cos(2 * np.pi * (_X - _Y) / 4)
    inside = al[..., 0]
    d = .06 + .34 * tone + .22 * h1 * step(tone, .12, .42) + .16 * h2 * step(tone, .42, .72)
    d = np.clip(np.maximum(d * inside, .92 * line), 0, 1)
    return np.concatenate([np.broadcast_to(np.float32([52, 50, 54]), (SIZE, SIZE, 3)), d[..., None] * 255], -1)


def layer_pixel(g):
    """ドット絵: 4-pixel blocks, few colours, a dark outline."""
    n = SIZE // 4
    al = g[..., 3:] / 255
    a = al.reshape(n, 4, n, 4).mean((1, 3))
    rgb = (g[..., :3] * al).reshape(n, 4, n, 4, 3).mean((1, 3)) / np.maximum(a[..., None], 1e-3)
    rgb = saturate(rgb, 1.25)
    rgb = np.clip(np.round(rgb / 42.5) * 42.5, 0, 255)
    solid = a > .42
    p = np.pad(solid, 1)
    near = p[:-2, 1:-1] | p[2:, 1:-1] | p[1:-1, :-2] | p[1:-1, 2:]
    rim = near & ~solid
    rgb[rim] = (40, 36, 56)
    out = np.concatenate([rgb, (solid | rim)[..., None] * 255.0], -1)
    return out.repeat(4, 0).repeat(4, 1)


def layer_ukiyo(g):
    """浮世絵: woodblock colours inside sumi outlines."""
    rgb = np.asarray(Image.fromarray(fill(g).astype(np.uint8)).filter(ImageFilter.ModeFilter(5)), np.float32)
    d = ((rgb[:, :, None, :] - PALETTE) ** 2 @ np.array([.35, .45, .2], np.float32))
    flat = blur(PALETTE[d.argmin(-1)], .5)
    al = blur(g[..., 3] / 255, .8)
    rim = np.clip(step(blur(al, 1.0), .08, .35) - step(al, .55, .95), 0, 1)
    inner = step(edges(blur(g[..., :3], 1.1)), .14, .32) * step(al, .5, .9)
    ink = np.maximum(rim, .85 * blur(inner, .5))[..., None]
    rgb = flat * (1 - ink) + np.float32([38, 34, 36]) * ink
    return np.concatenate([rgb, step(blur(al, 1.0), .06, .3)[..., None] * 255], -1)


LAYERS = dict(zip(STYLES, [layer_illustration, layer_oil, layer_water, layer_pencil, layer_pixel, layer_ukiyo]))


def _seal():
    """The red seal of a print: RGBA in the lower right corner."""
    s = np.zeros((SIZE, SIZE, 4), np.float32)
    s[104:120, 112:120] = (190, 50, 42, 255)
    for y in (107, 111, 115):
        s[y, 114:118] = (240, 225, 200, 255)
    s[107:116, 115:116] = (240, 225, 200, 255)
    return s


SEAL = _seal()
# a brush texture that repeats every 8 pixels, -1..1
BRUSH = np.sin(2 * np.pi * (_X + _Y) / 8 + 1.3 * np.sin(2 * np.pi * (_X - _Y) / 8))


def colour_of(style, background):
    """Paper colour of a background word in a style."""
    if background == 'default':
        return np.float32(DEFAULTS[style])
    if style == '浮世絵':
        return np.float32(UKIYO[background])
    c = np.float32(COLOURS[background])
    if style == '油絵':
        return c * .92
    if style == '水彩画':
        return 255 - (255 - c) * .8
    if style == '鉛筆画':
        return 255 - (255 - c) * .82
    return c


def paper(style, background, shade=0.0):
    """Background picture [H,W,3]; shade (-1..1) makes it a little darker or lighter."""
    c = colour_of(style, background) * (1 + .04 * shade)
    out = np.broadcast_to(c, (SIZE, SIZE, 3)).astype(np.float32)
    if style == '水彩画':                     # a wash, thinner towards the bottom
        k = (1 - .35 * _Y / SIZE)[..., None]
        out = 255 - (255 - out) * k
    elif style == '浮世絵':                   # the printer's gradation along the top
        k = (1 - step(_Y, 0, 30))[..., None] * .85
        top = np.float32([44, 74, 124]) if background != '青い' else np.float32([28, 44, 92])
        out = out * (1 - k) + top * k
    elif style == '油絵':                     # darker corners
        r = np.hypot(_X - 63.5, _Y - 63.5) / 90
        out = out * (1.04 - .22 * r * r)[..., None]
    return out


def shift_layer(layer, dx, dy):
    """Move a layer by whole pixels, filling with nothing."""
    if dx == 0 and dy == 0:
        return layer
    return np.roll(layer, (dy, dx), (0, 1))


def compose(layer, style, background, dx=0, dy=0, shade=0.0):
    """The finished picture, float [H,W,3] 0..255."""
    layer = shift_layer(layer, dx, dy).astype(np.float32)
    rgb, a = layer[..., :3], layer[..., 3:] / 255
    if style == '鉛筆画' and background == '黒い':
        rgb = np.float32([232, 230, 224])     # chalk on dark paper
    out = paper(style, background, shade)
    out = out * (1 - a) + rgb * a
    if style == '油絵':
        out = out * (1 + .055 * BRUSH[..., None])
    elif style == '浮世絵':
        sa = SEAL[..., 3:] / 255
        out = out * (1 - sa) + SEAL[..., :3] * sa
    return np.clip(out, 0, 255)


def draw(g, style, background='default', dx=0, dy=0, shade=0.0):
    """A glyph in a style on a background."""
    return compose(LAYERS[style](g), style, background, dx, dy, shade)
