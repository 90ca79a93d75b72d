/* kernel-case.c: the table, and how a row of it becomes operands.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "kernel-case.h"

#define S1 ESHI_SHAPE1
#define S2 ESHI_SHAPE2
#define S3 ESHI_SHAPE3
#define S4 ESHI_SHAPE4

#define SAME      \
  {               \
    1, 1, 1, 1, 1 \
  }
#define DOUBLED         \
  {                     \
    1, 1, 1, 1, 1, TRUE \
  }
#define F16 ESHI_DTYPE_F16
#define BF16 ESHI_DTYPE_BF16
#define F64 ESHI_DTYPE_F64

const KernelCase kernel_cases[] = {
  /* Convolutions: x, then the weight. */
  { ESHI_OP_CONV2D, "one-pixel", S4 (1, 1, 1, 1), S4 (1, 1, 1, 1), .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "one-pixel-3x3", S4 (1, 1, 1, 7), S4 (5, 7, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "one-row", S4 (1, 1, 13, 8), S4 (3, 8, 3, 3), .conv = SAME },
  { ESHI_OP_CONV2D, "one-column", S4 (1, 13, 1, 8), S4 (3, 8, 3, 3), .conv = SAME },
  { ESHI_OP_CONV2D, "latent-in", S4 (2, 9, 11, 4), S4 (40, 4, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "latent-out", S4 (1, 8, 7, 40), S4 (4, 40, 3, 3), CASE_BIAS, .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "rgb-in", S4 (1, 10, 6, 3), S4 (32, 3, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "rgb-out", S4 (1, 6, 10, 32), S4 (3, 32, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "inpaint-in", S4 (1, 5, 5, 9), S4 (16, 9, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "primes", S4 (3, 7, 5, 13), S4 (17, 13, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "embedding", S4 (2, 6, 5, 32), S4 (48, 32, 3, 3), CASE_BIAS | CASE_EMBEDDING, .conv = SAME },
  { ESHI_OP_CONV2D, "embedding-without-bias", S4 (1, 3, 3, 16), S4 (16, 16, 3, 3), CASE_EMBEDDING, .conv = SAME },
  { ESHI_OP_CONV2D, "residual", S4 (1, 6, 5, 32), S4 (32, 32, 3, 3), CASE_BIAS | CASE_RESIDUAL, .conv = SAME },
  { ESHI_OP_CONV2D, "residual-in-place", S4 (2, 4, 9, 24), S4 (40, 24, 3, 3),
    CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE, .conv = SAME },
  { ESHI_OP_CONV2D, "everything", S4 (1, 7, 6, 33), S4 (31, 33, 3, 3),
    CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL | CASE_IN_PLACE, .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "stride-2-even", S4 (1, 8, 12, 32), S4 (32, 32, 3, 3), CASE_BIAS, .conv = { 2, 1, 1, 1, 1 } },
  { ESHI_OP_CONV2D, "stride-2-odd", S4 (2, 9, 7, 20), S4 (24, 20, 3, 3), CASE_BIAS, .conv = { 2, 1, 1, 1, 1 } },
  { ESHI_OP_CONV2D, "stride-2-encoder", S4 (1, 8, 10, 16), S4 (16, 16, 3, 3), CASE_BIAS, .conv = { 2, 0, 0, 1, 1 } },
  { ESHI_OP_CONV2D, "stride-2-encoder-odd", S4 (1, 7, 9, 16), S4 (8, 16, 3, 3), CASE_BIAS, .conv = { 2, 0, 0, 1, 1 } },
  { ESHI_OP_CONV2D, "four-paddings", S4 (1, 5, 6, 5), S4 (6, 5, 3, 3), CASE_BIAS, .conv = { 1, 0, 2, 3, 1 } },
  { ESHI_OP_CONV2D, "no-padding", S4 (1, 5, 6, 5), S4 (6, 5, 3, 3), .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "1x1", S4 (2, 5, 7, 32), S4 (64, 32, 1, 1), CASE_BIAS, .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "1x1-narrow", S4 (1, 6, 6, 8), S4 (8, 8, 1, 1), CASE_BIAS, .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "1x1-residual", S4 (1, 5, 7, 31), S4 (37, 31, 1, 1), CASE_BIAS | CASE_RESIDUAL,
    .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "1x1-blocks", S4 (2, 5, 7, 64), S4 (96, 64, 1, 1),
    CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL | CASE_IN_PLACE, .conv = { .stride = 1 }, .weights = F16 },
  { ESHI_OP_CONV2D, "1x1-stride-2", S4 (1, 7, 8, 16), S4 (24, 16, 1, 1), CASE_BIAS, .conv = { .stride = 2 } },
  { ESHI_OP_CONV2D, "patches", S4 (1, 14, 15, 3), S4 (10, 3, 7, 7), .conv = { .stride = 2 } },
  { ESHI_OP_CONV2D, "1x3", S4 (1, 4, 9, 12), S4 (12, 12, 1, 3), .conv = { .stride = 1, .left = 1, .right = 1 } },
  { ESHI_OP_CONV2D, "wide", S4 (1, 4, 4, 320), S4 (320, 320, 3, 3), CASE_BIAS, .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "long-sum", S4 (1, 2, 2, 1280), S4 (32, 1280, 3, 3), CASE_BIAS, .conv = SAME, .weights = BF16 },
  { ESHI_OP_CONV2D, "f64-weights", S4 (1, 3, 4, 6), S4 (7, 6, 3, 3), CASE_BIAS, .conv = SAME, .weights = F64 },
  { ESHI_OP_CONV2D, "padding-beyond-image", S4 (1, 1, 2, 4), S4 (4, 4, 3, 3), .conv = { 1, 3, 3, 3, 3 } },
  { ESHI_OP_CONV2D, "unet-level-0", S4 (2, 16, 16, 320), S4 (64, 320, 3, 3), CASE_BIAS, .conv = SAME, .weights = F16 },

  /* Channels that fill the tiles of AMX: rows that fill them, or not quite; two images in one tile; odd numbers of
   * rows, tiles and bands; more pixels than are multiplied at a time. */
  { ESHI_OP_CONV2D, "tiles-8x8", S4 (2, 8, 8, 64), S4 (96, 64, 3, 3), CASE_BIAS, .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "tiles-16x16", S4 (1, 16, 16, 96), S4 (64, 96, 3, 3), CASE_BIAS | CASE_EMBEDDING, .conv = SAME },
  { ESHI_OP_CONV2D, "tiles-one-row", S4 (1, 1, 16, 64), S4 (64, 64, 3, 3), .conv = SAME },
  { ESHI_OP_CONV2D, "tiles-odd-rows", S4 (1, 7, 32, 64), S4 (64, 64, 3, 3), CASE_BIAS | CASE_RESIDUAL, .conv = SAME },
  { ESHI_OP_CONV2D, "tiles-not-full", S4 (1, 5, 13, 64), S4 (64, 64, 3, 3), CASE_BIAS, .conv = SAME, .weights = F64 },
  { ESHI_OP_CONV2D, "tiles-two-not-full", S4 (4, 3, 7, 64), S4 (64, 64, 3, 3), CASE_BIAS, .conv = SAME,
    .weights = BF16 },
  { ESHI_OP_CONV2D, "tiles-three-images", S4 (3, 3, 16, 64), S4 (64, 64, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "tiles-bands", S4 (2, 41, 31, 160), S4 (64, 160, 3, 3),
    CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL | CASE_IN_PLACE, .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "tiles-wide", S4 (1, 3, 600, 64), S4 (64, 64, 3, 3), CASE_BIAS, .conv = SAME },
  { ESHI_OP_CONV2D, "tiles-no-padding", S4 (1, 6, 18, 64), S4 (64, 64, 3, 3), .conv = { .stride = 1 } },
  { ESHI_OP_CONV2D, "tiles-four-paddings", S4 (1, 6, 13, 64), S4 (96, 64, 3, 3), CASE_BIAS, .conv = { 1, 0, 2, 3, 3 } },
  { ESHI_OP_CONV2D, "tiles-stride-2", S4 (2, 8, 16, 64), S4 (64, 64, 3, 3), CASE_BIAS, .conv = { 2, 1, 1, 1, 1 } },
  { ESHI_OP_CONV2D, "tiles-stride-2-odd", S4 (2, 9, 15, 64), S4 (64, 64, 3, 3), CASE_BIAS | CASE_RESIDUAL,
    .conv = { 2, 1, 1, 1, 1 } },
  { ESHI_OP_CONV2D, "tiles-stride-2-encoder", S4 (1, 70, 64, 64), S4 (64, 64, 3, 3), CASE_BIAS,
    .conv = { 2, 0, 0, 1, 1 } },

  /* Images that fill tiles of 4 × 4 pixels, or not quite; channels of dst that fill no vector; more channels of x than are
   * added at a time. With as many channels and tiles as AVX-512 wants, and with fewer. */
  { ESHI_OP_CONV2D, "points-whole", S4 (1, 16, 16, 256), S4 (128, 256, 3, 3), .conv = SAME, .weights = BF16 },
  { ESHI_OP_CONV2D, "points-few-channels", S4 (1, 15, 16, 64), S4 (75, 64, 3, 3), .conv = SAME, .weights = F16 },
  { ESHI_OP_CONV2D, "points-odd", S4 (2, 15, 13, 272), S4 (139, 272, 3, 3), CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL,
    .conv = SAME },
  { ESHI_OP_CONV2D, "points-in-place", S4 (1, 23, 22, 128), S4 (161, 128, 3, 3), CASE_RESIDUAL | CASE_IN_PLACE,
    .conv = SAME, .weights = F64 },
  { ESHI_OP_CONV2D, "points-long-sum", S4 (1, 14, 16, 336), S4 (128, 336, 3, 3), CASE_BIAS, .conv = SAME,
    .weights = F16 },
  { ESHI_OP_CONV2D, "points-doubled", S4 (1, 9, 7, 208), S4 (136, 208, 3, 3), CASE_BIAS | CASE_RESIDUAL,
    .conv = DOUBLED, .weights = F16 },

  /* Doubled first. */
  { ESHI_OP_CONV2D, "doubled-one-pixel", S4 (1, 1, 1, 1), S4 (1, 1, 3, 3), CASE_BIAS, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-one-row", S4 (1, 1, 13, 16), S4 (24, 16, 3, 3), CASE_BIAS, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-one-column", S4 (1, 13, 1, 24), S4 (16, 24, 3, 3), CASE_BIAS, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-primes", S4 (3, 7, 5, 13), S4 (17, 13, 3, 3), CASE_BIAS, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-without-bias", S4 (2, 3, 9, 32), S4 (40, 32, 3, 3), .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-everything", S4 (2, 5, 6, 33), S4 (31, 33, 3, 3),
    CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-in-place", S4 (1, 6, 5, 24), S4 (40, 24, 3, 3),
    CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-f16-weights", S4 (1, 9, 11, 320), S4 (48, 320, 3, 3), CASE_BIAS, .conv = DOUBLED,
    .weights = F16 },
  { ESHI_OP_CONV2D, "doubled-bf16-weights", S4 (1, 4, 4, 48), S4 (64, 48, 3, 3), CASE_BIAS, .conv = DOUBLED,
    .weights = BF16 },
  { ESHI_OP_CONV2D, "doubled-f64-weights", S4 (1, 3, 4, 6), S4 (7, 6, 3, 3), CASE_BIAS, .conv = DOUBLED,
    .weights = F64 },
  { ESHI_OP_CONV2D, "doubled-tiles", S4 (2, 9, 8, 96), S4 (64, 96, 3, 3),
    CASE_BIAS | CASE_EMBEDDING | CASE_RESIDUAL, .conv = DOUBLED, .weights = F16 },
  { ESHI_OP_CONV2D, "doubled-tiles-bands", S4 (1, 45, 46, 160), S4 (64, 160, 3, 3),
    CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE, .conv = DOUBLED },
  { ESHI_OP_CONV2D, "doubled-no-padding", S4 (1, 5, 6, 5), S4 (6, 5, 3, 3), .conv = { .stride = 1, .doubled = TRUE } },
  { ESHI_OP_CONV2D, "doubled-halved", S4 (1, 5, 6, 5), S4 (6, 5, 5, 5), CASE_BIAS, .conv = { 2, 2, 2, 2, 2, TRUE } },

  /* Linear layers. */
  { ESHI_OP_LINEAR, "one", S1 (1), S2 (1, 1) },
  { ESHI_OP_LINEAR, "vector", S1 (37), S2 (19, 37), CASE_BIAS },
  { ESHI_OP_LINEAR, "one-row", S2 (1, 320), S2 (1280, 320), CASE_BIAS, .act = ESHI_ACT_SILU, .weights = F16 },
  { ESHI_OP_LINEAR, "one-column", S2 (5, 16), S2 (1, 16), CASE_BIAS },
  { ESHI_OP_LINEAR, "primes", S3 (3, 7, 13), S2 (17, 13), CASE_BIAS },
  { ESHI_OP_LINEAR, "no-bias", S3 (2, 77, 48), S2 (40, 48) },
  { ESHI_OP_LINEAR, "77-tokens", S3 (1, 77, 768), S2 (320, 768), .weights = F16 },
  { ESHI_OP_LINEAR, "quick-gelu", S3 (1, 77, 64), S2 (256, 64), CASE_BIAS, .act = ESHI_ACT_QUICK_GELU },
  { ESHI_OP_LINEAR, "gelu", S3 (1, 5, 33), S2 (31, 33), CASE_BIAS, .act = ESHI_ACT_GELU },
  { ESHI_OP_LINEAR, "relu", S3 (1, 5, 33), S2 (31, 33), CASE_BIAS, .act = ESHI_ACT_RELU },
  { ESHI_OP_LINEAR, "residual", S3 (2, 9, 80), S2 (80, 80), CASE_BIAS | CASE_RESIDUAL },
  { ESHI_OP_LINEAR, "residual-without-bias", S3 (2, 9, 24), S2 (40, 24), CASE_RESIDUAL },
  { ESHI_OP_LINEAR, "residual-in-place", S3 (1, 33, 160), S2 (96, 160), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE,
    .weights = F16 },
  { ESHI_OP_LINEAR, "act-before-residual", S3 (1, 11, 32), S2 (32, 32), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE,
    .act = ESHI_ACT_SILU },
  { ESHI_OP_LINEAR, "image", S4 (2, 5, 3, 32), S2 (48, 32), CASE_BIAS },
  { ESHI_OP_LINEAR, "1x1-weight", S3 (2, 15, 64), S4 (32, 64, 1, 1), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE },
  { ESHI_OP_LINEAR, "long-sum", S3 (1, 3, 5120), S2 (48, 5120), CASE_BIAS, .weights = F16 },
  { ESHI_OP_LINEAR, "bf16-weights", S3 (1, 4, 40), S2 (40, 40), CASE_BIAS, .weights = BF16 },
  { ESHI_OP_LINEAR, "f64-weights", S3 (1, 4, 40), S2 (24, 40), CASE_BIAS, .weights = F64 },

  /* Blocks of 32 rows and 32 columns, the last rows computed twice; several tasks, which go by rows or by columns. */
  { ESHI_OP_LINEAR, "blocks-one", S2 (32, 32), S2 (32, 32), CASE_BIAS },
  { ESHI_OP_LINEAR, "blocks-no-bias", S3 (1, 63, 64), S2 (96, 64) },
  { ESHI_OP_LINEAR, "blocks-residual", S3 (1, 33, 96), S2 (64, 96), CASE_BIAS | CASE_RESIDUAL, .weights = F16 },
  { ESHI_OP_LINEAR, "blocks-in-place", S3 (1, 65, 96), S2 (64, 96), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE },
  { ESHI_OP_LINEAR, "blocks-silu", S3 (1, 47, 32), S2 (64, 32), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE,
    .act = ESHI_ACT_SILU },
  { ESHI_OP_LINEAR, "blocks-gelu", S3 (2, 31, 64), S2 (32, 64), CASE_BIAS, .act = ESHI_ACT_GELU, .weights = BF16 },
  { ESHI_OP_LINEAR, "blocks-relu", S3 (1, 40, 64), S2 (32, 64), CASE_BIAS, .act = ESHI_ACT_RELU, .weights = F64 },
  { ESHI_OP_LINEAR, "blocks-many-rows", S3 (1, 1541, 64), S2 (96, 64), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE },
  { ESHI_OP_LINEAR, "blocks-many-columns", S3 (1, 35, 1280), S2 (736, 1280), CASE_BIAS, .weights = F16 },
  { ESHI_OP_LINEAR, "blocks-wide", S3 (1, 35, 640), S2 (736, 640), CASE_BIAS, .weights = BF16 },
  { ESHI_OP_LINEAR, "blocks-deep", S3 (1, 141, 5120), S2 (64, 5120), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE,
    .weights = F16 },
  { ESHI_OP_LINEAR, "blocks-uneven-parts", S3 (1, 301, 1312), S2 (384, 1312), CASE_BIAS | CASE_RESIDUAL | CASE_IN_PLACE,
    .weights = F16 },
  { ESHI_OP_LINEAR, "blocks-long-sum", S3 (1, 37, 5120), S2 (160, 5120), CASE_BIAS | CASE_RESIDUAL, .weights = F16 },

  { ESHI_OP_GEGLU, "one", S2 (1, 1), S2 (2, 1), CASE_BIAS },
  { ESHI_OP_GEGLU, "primes", S3 (2, 7, 13), S2 (34, 13), CASE_BIAS },
  { ESHI_OP_GEGLU, "narrow", S3 (1, 16, 8), S2 (64, 8), CASE_BIAS },
  { ESHI_OP_GEGLU, "unet", S3 (2, 16, 80), S2 (640, 80), CASE_BIAS, .weights = F16 },
  { ESHI_OP_GEGLU, "odd", S3 (1, 33, 40), S2 (66, 40), CASE_BIAS },
  { ESHI_OP_GEGLU, "wide-range", S3 (1, 9, 32), S2 (128, 32), CASE_BIAS, .scale = 16 },
  { ESHI_OP_GEGLU, "blocks-one", S2 (32, 32), S2 (64, 32), CASE_BIAS },
  { ESHI_OP_GEGLU, "blocks-odd", S3 (1, 61, 96), S2 (192, 96), CASE_BIAS, .weights = F16 },
  { ESHI_OP_GEGLU, "blocks-wide-range", S3 (1, 33, 32), S2 (128, 32), CASE_BIAS, .scale = 16 },
  { ESHI_OP_GEGLU, "blocks-many-rows", S3 (2, 523, 64), S2 (128, 64), CASE_BIAS },
  { ESHI_OP_GEGLU, "blocks-parts", S3 (1, 45, 1984), S2 (192, 1984), CASE_BIAS, .weights = F16 },
  { ESHI_OP_GEGLU, "blocks-many-columns", S3 (1, 35, 1280), S2 (768, 1280), CASE_BIAS, .weights = F16 },

  /* Norms. */
  { ESHI_OP_GROUP_NORM, "one-pixel", S4 (1, 1, 1, 64), .count = 32 },
  { ESHI_OP_GROUP_NORM, "one-group", S4 (2, 3, 5, 7), .count = 1 },
  { ESHI_OP_GROUP_NORM, "group-per-channel", S4 (1, 5, 4, 12), .count = 12, .act = ESHI_ACT_SILU },
  { ESHI_OP_GROUP_NORM, "unet", S4 (2, 8, 9, 320), .count = 32, .act = ESHI_ACT_SILU, .weights = F16 },
  { ESHI_OP_GROUP_NORM, "unet-without-act", S4 (2, 8, 8, 64), .count = 32 },
  { ESHI_OP_GROUP_NORM, "odd-groups", S4 (1, 7, 3, 96), .count = 32, .act = ESHI_ACT_SILU },
  { ESHI_OP_GROUP_NORM, "decoder", S4 (1, 24, 24, 128), .count = 32, .act = ESHI_ACT_SILU },
  { ESHI_OP_GROUP_NORM, "in-place", S4 (2, 5, 6, 64), .flags = CASE_IN_PLACE, .count = 16, .act = ESHI_ACT_SILU },
  { ESHI_OP_GROUP_NORM, "far-from-zero", S4 (1, 8, 8, 64), .count = 32, .scale = 1, .offset = 16 },
  { ESHI_OP_GROUP_NORM, "constant", S4 (1, 4, 4, 32), .count = 8, .scale = 0x1p-30f, .offset = 1 },
  { ESHI_OP_LAYER_NORM, "one-row", S1 (37) },
  { ESHI_OP_LAYER_NORM, "primes", S3 (2, 7, 13) },
  { ESHI_OP_LAYER_NORM, "text", S3 (1, 77, 768), .weights = F16 },
  { ESHI_OP_LAYER_NORM, "unet", S3 (2, 64, 320) },
  { ESHI_OP_LAYER_NORM, "image", S4 (1, 3, 5, 40), .weights = F16 },
  { ESHI_OP_LAYER_NORM, "far-from-zero", S2 (5, 256), .scale = 1, .offset = 16 },

  /* Attention: q, then k and v. */
  { ESHI_OP_ATTENTION, "one-key", S3 (1, 5, 16), S3 (1, 1, 16), .count = 2 },
  { ESHI_OP_ATTENTION, "one-query", S3 (1, 1, 40), S3 (1, 9, 40), .count = 1 },
  { ESHI_OP_ATTENTION, "d-1", S3 (1, 5, 3), S3 (1, 7, 3), .count = 3 },
  { ESHI_OP_ATTENTION, "d-5", S3 (2, 7, 15), S3 (2, 11, 15), .count = 3 },
  { ESHI_OP_ATTENTION, "d-16", S3 (1, 19, 64), S3 (1, 19, 64), .count = 4 },
  { ESHI_OP_ATTENTION, "d-32", S3 (2, 33, 128), S3 (2, 33, 128), .count = 4 },
  { ESHI_OP_ATTENTION, "d-40-self", S3 (2, 64, 320), S3 (2, 64, 320), .count = 8 },
  { ESHI_OP_ATTENTION, "d-40-cross", S3 (2, 60, 320), S3 (2, 77, 320), .count = 8 },
  { ESHI_OP_ATTENTION, "d-33", S3 (1, 50, 66), S3 (1, 130, 66), .count = 2 },
  { ESHI_OP_ATTENTION, "d-47", S3 (1, 35, 94), S3 (1, 65, 94), .count = 2 },
  { ESHI_OP_ATTENTION, "d-64-causal", S3 (1, 77, 256), S3 (1, 77, 256), CASE_CAUSAL, .count = 4 },
  { ESHI_OP_ATTENTION, "d-80-cross", S3 (1, 17, 160), S3 (1, 77, 160), .count = 2 },
  { ESHI_OP_ATTENTION, "d-160", S3 (1, 16, 320), S3 (1, 31, 320), .count = 2 },
  { ESHI_OP_ATTENTION, "d-128-decoder", S3 (1, 80, 128), S3 (1, 80, 128), .count = 1 },
  { ESHI_OP_ATTENTION, "d-512-decoder", S3 (1, 35, 512), S3 (1, 35, 512), .count = 1 },
  { ESHI_OP_ATTENTION, "long-prompt", S3 (1, 9, 80), S3 (1, 231, 80), .count = 2 },
  { ESHI_OP_ATTENTION, "many-keys", S3 (1, 37, 80), S3 (1, 1031, 80), .count = 2 },
  { ESHI_OP_ATTENTION, "causal-one", S3 (2, 1, 32), S3 (2, 1, 32), CASE_CAUSAL, .count = 2 },
  { ESHI_OP_ATTENTION, "causal-odd", S3 (1, 67, 80), S3 (1, 67, 80), CASE_CAUSAL, .count = 2 },
  { ESHI_OP_ATTENTION, "sharp", S3 (1, 21, 80), S3 (1, 77, 80), .count = 2, .scale = 64 },
  { ESHI_OP_ATTENTION, "sharp-few", S3 (1, 9, 80), S3 (1, 231, 80), .count = 2, .scale = 64 },
  { ESHI_OP_ATTENTION, "sharp-many", S3 (1, 70, 80), S3 (1, 500, 80), .count = 2, .scale = 64 },
  { ESHI_OP_ATTENTION, "all-but-equal", S3 (1, 21, 80), S3 (1, 77, 80), .count = 2, .scale = 0x1p-8f },

  /* Moving and looking up. */
  { ESHI_OP_UPSAMPLE, "from-one", S4 (1, 1, 1, 3), S4 (1, 2, 2, 3) },
  { ESHI_OP_UPSAMPLE, "twice", S4 (2, 3, 5, 32), S4 (2, 6, 10, 32) },
  { ESHI_OP_UPSAMPLE, "to-odd", S4 (1, 4, 5, 17), S4 (1, 7, 9, 17) },
  { ESHI_OP_UPSAMPLE, "same-size", S4 (1, 3, 4, 8), S4 (1, 3, 4, 8) },
  { ESHI_OP_UPSAMPLE, "uneven", S4 (1, 2, 7, 40), S4 (1, 5, 14, 40) },
  { ESHI_OP_CONCAT, "one-channel-each", S4 (1, 1, 1, 1), S4 (1, 1, 1, 1) },
  { ESHI_OP_CONCAT, "primes", S4 (2, 3, 5, 7), S4 (2, 3, 5, 13) },
  { ESHI_OP_CONCAT, "skip", S4 (1, 4, 6, 64), S4 (1, 4, 6, 32) },
  { ESHI_OP_CONCAT, "wide", S4 (2, 3, 3, 640), S4 (2, 3, 3, 320) },
  { ESHI_OP_EMBEDDING, "one", S2 (1, 1), S2 (1, 1), .count = 1 },
  { ESHI_OP_EMBEDDING, "77-tokens", S2 (2, 77), S2 (101, 48), .count = 77, .weights = F16 },
  { ESHI_OP_EMBEDDING, "more-positions", S2 (1, 5), S2 (13, 31), .count = 9 },
  { ESHI_OP_TIME_EMBEDDING, "one", S1 (1), S2 (1, 2), .scale = 500, .offset = 500 },
  { ESHI_OP_TIME_EMBEDDING, "unet", S1 (3), S2 (3, 320), .scale = 500, .offset = 500 },
  { ESHI_OP_TIME_EMBEDDING, "odd-half", S1 (2), S2 (2, 34), .scale = 500, .offset = 500 },

  /* Element by element. */
  { ESHI_OP_ACTIVATION, "none", S1 (7) },
  { ESHI_OP_ACTIVATION, "silu", S3 (1, 7, 31), .act = ESHI_ACT_SILU, .scale = 8 },
  { ESHI_OP_ACTIVATION, "quick-gelu", S3 (1, 7, 31), .act = ESHI_ACT_QUICK_GELU, .scale = 8 },
  { ESHI_OP_ACTIVATION, "gelu", S3 (1, 7, 31), .act = ESHI_ACT_GELU, .scale = 8 },
  { ESHI_OP_ACTIVATION, "relu", S3 (1, 7, 31), .act = ESHI_ACT_RELU, .scale = 8 },
  { ESHI_OP_ACTIVATION, "relu-far-out", S2 (3, 100), .act = ESHI_ACT_RELU, .scale = 1024 },
  { ESHI_OP_ACTIVATION, "silu-far-out", S2 (3, 100), .act = ESHI_ACT_SILU, .scale = 1024 },
  { ESHI_OP_ACTIVATION, "gelu-far-out", S2 (3, 100), .act = ESHI_ACT_GELU, .scale = 1024 },
  { ESHI_OP_CONVERT, "same-type", S4 (1, 3, 5, 7) },
  { ESHI_OP_CONVERT, "from-f32", S4 (1, 3, 5, 7), .flags = CASE_FROM_F32 },
  { ESHI_OP_CONVERT, "to-f32", S4 (2, 8, 8, 4), .flags = CASE_TO_F32 },
  { ESHI_OP_GUIDANCE, "one", S1 (2) },
  { ESHI_OP_GUIDANCE, "latents", S4 (2, 9, 7, 4) },
  { ESHI_OP_GUIDANCE, "two-pictures", S4 (4, 8, 8, 4) },
  { ESHI_OP_LATENTS_TO_RGB, "one-pixel", S4 (1, 1, 1, 4) },
  { ESHI_OP_LATENTS_TO_RGB, "odd", S4 (2, 9, 7, 4) },
  { ESHI_OP_IMAGE_TO_U8, "one-pixel", S4 (1, 1, 1, 3) },
  { ESHI_OP_IMAGE_TO_U8, "odd", S4 (1, 31, 17, 3) },
  { ESHI_OP_IMAGE_TO_U8, "inside-range", S4 (1, 64, 64, 3), .scale = 1 },
  { ESHI_OP_IMAGE_TO_U8, "half-grey-is-128", S4 (1, 1, 5, 3), .scale = 0x1p-100f },
};

const guint kernel_n_cases = G_N_ELEMENTS (kernel_cases);

float
kernel_value (guint  stream,
              gint64 index)
{
  guint64 z = (guint64) (index + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) +
              stream * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);

  z = (z ^ z >> 31) * G_GUINT64_CONSTANT (0x94d049bb133111eb);

  return (float) ((z ^ z >> 29) >> 48) / 32768 - 1;
}

/* A power of two near 1 / √n, so that a sum over n products keeps the size of its terms. */
static float
matrix_scale (gint64 n)
{
  float scale = 1;

  for (; n > 1; n = (n + 3) / 4)
    scale /= 2;

  return scale;
}

/* Puts offset + scale · kernel_value into slot @index, as far as @precision and the slot's type can hold them. */
static void
fill (KernelData  *self,
      guint        index,
      EshiStorage  storage,
      EshiDType    dtype,
      EshiDType    precision,
      EshiShape    shape,
      float        scale,
      float        offset)
{
  gsize n = (gsize) eshi_shape_count (&shape);
  gboolean is_weight = storage == ESHI_STORAGE_WEIGHT;
  float *values = g_new (float, n);
  g_autofree guint8 *narrow = g_malloc (n * sizeof (float));

  for (gsize i = 0; i < n; i++)
    values[i] = offset + scale * kernel_value (index, (gint64) i);
  eshi_convert_from_f32 (narrow, precision, values, n);
  eshi_convert_to_f32 (values, narrow, precision, n);

  self->bytes[index] = g_malloc0 (n * eshi_dtype_size (dtype) + is_weight);
  if (dtype == ESHI_DTYPE_F64)
    for (gsize i = 0; i < n; i++)
      {
        double value = values[i];

        memcpy (self->bytes[index] + is_weight + i * sizeof value, &value, sizeof value);
      }
  else
    {
      eshi_convert_from_f32 (narrow, dtype, values, n);
      memcpy (self->bytes[index] + is_weight, narrow, n * eshi_dtype_size (dtype));
    }

  self->values[index] = values;
  self->src[index] = (EshiTensor) {
    .storage = storage,
    .dtype = dtype,
    .shape = shape,
    .data = is_weight ? self->bytes[index] + is_weight : NULL,
  };
  self->op.src[index] = &self->src[index];
}

static void
fill_activation (KernelData *self,
                 guint       index,
                 EshiDType   dtype,
                 EshiDType   precision,
                 EshiShape   shape)
{
  fill (self, index, ESHI_STORAGE_INPUT, dtype, precision, shape, 2, 0);
}

static void
fill_weight (KernelData *self,
             guint       index,
             EshiShape   shape,
             float       scale,
             float       offset)
{
  EshiDType dtype = self->test->weights;
  EshiDType precision = dtype == ESHI_DTYPE_F64 ? ESHI_DTYPE_F32 : dtype;

  fill (self, index, ESHI_STORAGE_WEIGHT, dtype, precision, shape, scale, offset);
}

static void
fill_ids (KernelData *self)
{
  gsize n = (gsize) eshi_shape_count (&self->test->x);
  gint32 *ids = g_new (gint32, n);

  self->values[ESHI_SRC_X] = g_new (float, n);
  for (gsize i = 0; i < n; i++)
    {
      ids[i] = (gint32) ((kernel_value (0, (gint64) i) + 1) / 2 * (float) self->test->y.dim[0]);
      self->values[ESHI_SRC_X][i] = (float) ids[i];
    }

  self->bytes[ESHI_SRC_X] = (guint8 *) ids;
  self->src[ESHI_SRC_X] = (EshiTensor) {
    .storage = ESHI_STORAGE_INPUT,
    .dtype = ESHI_DTYPE_I32,
    .shape = self->test->x,
  };
  self->op.src[ESHI_SRC_X] = &self->src[ESHI_SRC_X];
}

static void
fill_x (KernelData *self,
        EshiDType   dtype,
        EshiDType   precision)
{
  const KernelCase *test = self->test;

  if (test->kind == ESHI_OP_TIME_EMBEDDING || test->kind == ESHI_OP_LATENTS_TO_RGB ||
      (test->flags & CASE_FROM_F32) != 0)
    dtype = precision = ESHI_DTYPE_F32;

  if (test->kind == ESHI_OP_EMBEDDING)
    fill_ids (self);
  else
    fill (self, ESHI_SRC_X, ESHI_STORAGE_INPUT, dtype, precision, test->x, test->scale != 0 ? test->scale : 2,
          test->offset);
}

/* Weights, and the second activations of the ops that have them. */
static void
fill_others (KernelData *self,
             EshiDType   dtype,
             EshiDType   precision)
{
  const KernelCase *test = self->test;
  EshiShape channels = S1 (test->x.dim[test->x.rank - 1]);
  gint64 n_in = test->y.dim[1] * test->y.dim[2] * test->y.dim[3];

  switch ((guint) test->kind)
    {
    case ESHI_OP_CONV2D:
    case ESHI_OP_LINEAR:
    case ESHI_OP_GEGLU:
      fill_weight (self, ESHI_SRC_WEIGHT, test->y, matrix_scale (n_in), 0);
      if ((test->flags & CASE_BIAS) != 0)
        fill_weight (self, ESHI_SRC_BIAS, S1 (test->y.dim[0]), 1, 0);
      if ((test->flags & CASE_EMBEDDING) != 0)
        fill_activation (self, ESHI_SRC_EMBEDDING, ESHI_DTYPE_F32, ESHI_DTYPE_F32, S2 (1, test->y.dim[0]));
      break;

    case ESHI_OP_GROUP_NORM:
    case ESHI_OP_LAYER_NORM:
      fill_weight (self, ESHI_SRC_WEIGHT, channels, 1, 1);
      fill_weight (self, ESHI_SRC_BIAS, channels, 1, 0);
      break;

    case ESHI_OP_ATTENTION:
      fill_activation (self, ESHI_SRC_K, dtype, precision, test->y);
      fill_activation (self, ESHI_SRC_V, dtype, precision, test->y);
      break;

    case ESHI_OP_CONCAT:
      fill_activation (self, ESHI_SRC_Y, dtype, precision, test->y);
      break;

    case ESHI_OP_EMBEDDING:
      fill_weight (self, ESHI_SRC_TABLE, test->y, 1, 0);
      fill_weight (self, ESHI_SRC_POSITIONS, S2 (test->count, test->y.dim[1]), 1, 0);
      break;

    case ESHI_OP_GUIDANCE:
      fill (self, ESHI_SRC_SCALE, ESHI_STORAGE_INPUT, ESHI_DTYPE_F32, ESHI_DTYPE_F32, S1 (1), 0, 7.5f);
      break;

    default:
      break;
    }
}

static void
set_parameters (KernelData *self)
{
  const KernelCase *test = self->test;
  EshiOp *op = &self->op;

  op->kind = test->kind;
  op->label = test->name;
  op->act = test->act;
  if (test->kind == ESHI_OP_CONV2D)
    op->conv = test->conv;
  else if (test->kind == ESHI_OP_GROUP_NORM || test->kind == ESHI_OP_LAYER_NORM)
    op->norm = (EshiNormParams) { test->kind == ESHI_OP_GROUP_NORM ? test->count : 1, 1e-5f };
  else if (test->kind == ESHI_OP_ATTENTION)
    op->attention = (EshiAttentionParams) {
      .heads = test->count,
      .causal = (test->flags & CASE_CAUSAL) != 0,
      .scale = (float) (1 / sqrt ((double) test->x.dim[2] / test->count)),
    };
  else if (test->kind == ESHI_OP_LATENTS_TO_RGB)
    op->rgb = (EshiRgbParams) {
      .matrix = { { 0.25f, 0.125f, -0.5f }, { -0.25f, 0.5f, 0 }, { 0.0625f, 0.375f, 0.25f }, { 0, -0.125f, 0.5f } },
      .bias = { 0.125f, -0.25f, 0 },
    };
}

static EshiDType
dst_type (const KernelCase *test,
          EshiDType         dtype)
{
  if (test->kind == ESHI_OP_IMAGE_TO_U8)
    return ESHI_DTYPE_U8;
  if (test->kind == ESHI_OP_TIME_EMBEDDING || test->kind == ESHI_OP_LATENTS_TO_RGB ||
      (test->flags & CASE_TO_F32) != 0)
    return ESHI_DTYPE_F32;

  return dtype;
}

KernelData *
kernel_data_new (const KernelCase *test,
                 EshiDType         dtype,
                 EshiDType         precision)
{
  KernelData *self = g_new0 (KernelData, 1);
  g_autoptr(GError) error = NULL;

  self->test = test;
  set_parameters (self);
  fill_x (self, dtype, precision);
  fill_others (self, dtype, precision);

  self->dst = (EshiTensor) { .storage = ESHI_STORAGE_OUTPUT, .dtype = dst_type (test, dtype), .shape = test->y };
  self->op.dst = &self->dst;
  eshi_op_infer (&self->op, &self->dst.shape, &error);
  g_assert_no_error (error);
  if ((test->flags & CASE_RESIDUAL) != 0)
    fill_activation (self, ESHI_SRC_RESIDUAL, dtype, precision, self->dst.shape);
  eshi_op_check (&self->op, &error);
  g_assert_no_error (error);

  return self;
}

void
kernel_data_free (KernelData *self)
{
  for (guint i = 0; i < ESHI_OP_MAX_SRC; i++)
    {
      g_free (self->bytes[i]);
      g_free (self->values[i]);
    }
  g_free (self);
}
