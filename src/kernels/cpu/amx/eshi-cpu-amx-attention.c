/* eshi-cpu-amx-attention.c: softmax (q · kᵀ · scale) · v in AMX tiles, without ever holding the t × s scores.
 *
 * A task is one head and QUERIES rows of q. It goes over the keys in blocks of KEYS, and over a block in units of one
 * tile of queries. Three units are in flight, so that tiles are multiplied while vectors compute: the scores of the next
 * one, the probabilities of this one, and the sums of the last one's probabilities · v. All of a unit is in the first
 * cache, and a head's packed keys and values are in the second. What tiles store costs most, so a unit is few queries and
 * many keys: it has as many scores to store as another of that size, but fewer sums.
 *
 * How scores become probabilities is in eshi-cpu-amx-softmax.h. The sum of a row's probabilities is one more column of v,
 * all ones, so that numerator and denominator are rounded alike.
 *
 * Blocks: Dao et al., "FlashAttention" (2022).
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-cpu-amx.h"

#include <omp.h>

#include "eshi-cpu-amx-softmax.h"

#define LINE    64 /* bytes, of a cache */
#define UNITS   4  /* of queries; more would not fit into the first cache */
#define QUERIES (UNITS * ROWS)

/* Bytes of packed keys and values that may stay in the second cache beside what passes through it. */
#define ALL_HEADS_MAX (1024 * 1024)

/* Of a thread, at least: fewer would be shared unevenly. */
#define MIN_SHARES 8

/* What a task needs to know; sizes in elements. */
typedef struct
{
  const EshiCpuAttention *p;
  gsize    depth;       /* tiles in a row of q or of a key; parts */
  gsize    width;       /* tiles in a row of v and its column of ones */
  gsize    blocks;      /* of keys */
  gsize    tasks;       /* of a head */
  gsize    pairs;       /* of elements of a key in its last tile */
  gsize    q_size;      /* of a unit */
  gboolean is_short;    /* q has two tiles, of which the second is as short as its keys', and v three */
  gsize    block_size;  /* of packed keys */
  gsize    keys_size;   /* of one head, packed; a last tile is read to its end */
  gsize    values_size;
  gsize    task_bytes;
  guint16 *keys;
  guint16 *values;
  char    *buffers;
} Job;

/* Buffers of one thread; the pairs are for units that follow each other. */
typedef struct
{
  guint16 *q;         /* [UNITS, q_size] */
  guint16 *weights;   /* 2 × [HALVES] tiles of probabilities */
  float   *scores;    /* 2 × [ROWS, KEYS] */
  float   *sums;      /* [UNITS, width] tiles */
  float   *shift;     /* [QUERIES]: MAGIC and y of a score of 0 */
} Buffers;

static gsize
round_up (gsize x,
          gsize to)
{
  return (x + to - 1) / to * to;
}

static Job
plan_job (const EshiCpuAttention *p)
{
  Job job = { .p = p };
  gsize n_heads = p->n * p->heads;
  gsize n_tiles = 0;

  job.depth = (p->d + DEPTH - 1) / DEPTH;
  job.width = (p->d + 1 + ROWS - 1) / ROWS;
  job.blocks = (p->s + KEYS - 1) / KEYS;
  job.tasks = (p->t + QUERIES - 1) / QUERIES;
  job.pairs = (p->d - (job.depth - 1) * DEPTH + 1) / 2;
  job.is_short = job.depth == 2 && job.width == 3;
  job.q_size = job.is_short ? TILE + ROWS * 2 * job.pairs : job.depth * TILE;
  job.block_size = KEY_TILES * ((job.depth - 1) * ROWS + job.pairs) * DEPTH;
  job.keys_size = job.blocks * job.block_size + TILE;
  job.values_size = job.blocks * HALVES * job.width * TILE;
  n_tiles = UNITS * (job.depth + job.width) + 2 * HALVES + 2 * KEY_TILES;
  job.task_bytes = round_up (n_tiles * ESHI_AMX_BYTES + QUERIES * sizeof (float), 4096);
  job.keys = p->scratch;
  job.values = job.keys + n_heads * job.keys_size;
  job.buffers = (char *) (job.values + n_heads * job.values_size);
  return job;
}

gsize
eshi_cpu_amx_attention_bytes (const EshiCpuAttention *p)
{
  Job job = plan_job (p);

  return (gsize) (job.buffers - (char *) p->scratch) + p->n_threads * job.task_bytes;
}

static Buffers
get_buffers (const Job *job,
             gsize      thread)
{
  Buffers b;

  b.q = (guint16 *) (job->buffers + thread * job->task_bytes);
  b.weights = b.q + UNITS * job->q_size;
  b.scores = (float *) (b.weights + 2 * HALVES * TILE);
  b.sums = b.scores + 2 * ROWS * KEYS;
  b.shift = b.sums + UNITS * job->width * SCORES;
  return b;
}

/* The first @n of 32 elements. */
INLINE __mmask32
first_of (gsize n)
{
  return n >= DEPTH ? ~0u : (1u << n) - 1;
}

/* The first @n of 32 elements; the others are 0. */
INLINE __m512i
load_row (const guint16 *src,
          gsize          n)
{
  return _mm512_maskz_loadu_epi16 (first_of (n), src);
}

/* Elements from one tile of keys to the next of the same @part. Of the last part only the rows that d needs are held:
 * a tile reads on into what follows, which meets zeros of q, and the cache holds less. */
INLINE gsize
key_step (gsize part,
          gsize depth,
          gsize pairs)
{
  return part < depth - 1 ? TILE : pairs * DEPTH;
}

/* 16 keys of a head, beginning with @first, as tiles [d pairs, 16 keys, 2]; a block has all tiles of the first part, then
 * those of the next. Beyond the last key it is repeated: its weight meets a value of 0. The last tile is whole. */
static void
pack_keys (const Job *job,
           gsize      head,
           gsize      first)
{
  const EshiCpuAttention *p = job->p;
  gsize row = p->heads * p->d;
  const guint16 *k = (const guint16 *) p->k + head / p->heads * p->s * row + head % p->heads * p->d;
  guint16 *dst = job->keys + head * job->keys_size + first / KEYS * job->block_size;

  for (gsize part = 0; part < job->depth; part++)
    {
      gsize step = key_step (part, job->depth, job->pairs);
      guint16 *tile = dst + part * KEY_TILES * TILE + first % KEYS / ROWS * step;
      gsize n_rows = first + ROWS < job->blocks * KEYS ? step / DEPTH : ROWS;
      __m512i r[ROWS];

      for (guint i = 0; i < ROWS; i++)
        r[i] = load_row (k + MIN (first + i, p->s - 1) * row + part * DEPTH, p->d - part * DEPTH);
      transpose (r);
      for (guint i = 0; i < n_rows; i++)
        _mm512_store_si512 (tile + i * DEPTH, r[i]);
    }
}

/* The key of half a block that is at place @i of a row of probabilities: _mm512_packus_epi32() has them so. */
INLINE gsize
key_at (gsize i)
{
  return i / 8 * 4 + i % 4 + (i % 8 >= 4 ? ROWS : 0);
}

/* 16 elements of row @key of v from @from on, where column d is 1; 0 beyond the last key. */
INLINE __m512i
load_values (const Job     *job,
             const guint16 *v,
             gsize          key,
             gsize          from)
{
  const EshiCpuAttention *p = job->p;
  gsize n = p->d > from ? MIN (p->d - from, ROWS) : 0;
  __m256i ones = _mm256_maskz_set1_epi16 (n < ROWS && p->d >= from ? 1u << n : 0, 0x3f80);

  if (key >= p->s)
    return _mm512_setzero_si512 ();
  return _mm512_cvtepu16_epi32 (_mm256_mask_loadu_epi16 (ones, (1u << n) - 1, v + key * p->heads * p->d + from));
}

/* Half a block of values of a head, beginning with @first, as tiles [key pairs, 16 of d, 2]; the tiles of both halves of
 * a block alternate. */
static void
pack_values (const Job *job,
             gsize      head,
             gsize      first)
{
  const EshiCpuAttention *p = job->p;
  const guint16 *v = (const guint16 *) p->v + head / p->heads * p->s * p->heads * p->d + head % p->heads * p->d;
  gsize place = first / KEYS * job->width * HALVES + first / DEPTH % HALVES;
  guint16 *dst = job->values + head * job->values_size + place * TILE;

  for (gsize part = 0; part < job->width; part++)
    for (gsize i = 0; i < ROWS; i++)
      {
        __m512i even = load_values (job, v, first + key_at (2 * i), part * ROWS);
        __m512i odd = load_values (job, v, first + key_at (2 * i + 1), part * ROWS);

        _mm512_store_si512 (dst + part * HALVES * TILE + i * DEPTH, _mm512_or_si512 (even, _mm512_slli_epi32 (odd, 16)));
      }
}

/* Where part @part of row @i of a task's queries is; *@n gets its elements. */
INLINE guint16 *
query_at (const Job     *job,
          const Buffers *b,
          gsize          i,
          gsize          part,
          gsize         *n)
{
  *n = job->is_short && part == 1 ? 2 * job->pairs : DEPTH;
  return b->q + i / ROWS * job->q_size + part * TILE + i % ROWS * *n;
}

/* Copies the queries of a task into tiles; rows beyond the last one are 0. Clears the sums. */
static void
load_queries (const Job     *job,
              const Buffers *b,
              gsize          head,
              gsize          first)
{
  const EshiCpuAttention *p = job->p;
  gsize row = p->heads * p->d;
  const guint16 *q = (const guint16 *) p->q + head / p->heads * p->t * row + head % p->heads * p->d;

  for (gsize i = 0; i < QUERIES; i++)
    for (gsize part = 0; part < job->depth; part++)
      {
        gsize n = first + i < p->t ? p->d - part * DEPTH : 0;
        gsize n_kept = 0;
        guint16 *kept = query_at (job, b, i, part, &n_kept);

        _mm512_mask_storeu_epi16 (kept, first_of (n_kept), load_row (q + (first + i) * row + part * DEPTH, n));
      }
  memset (b->sums, 0, UNITS * job->width * SCORES * sizeof (float));
  eshi_amx_finish_writes ();
}

#define MULTIPLY(sum, left, right)        \
  do                                      \
    {                                     \
      _tile_dpbf16ps (sum, left, right);  \
      soften_due (rows);                  \
    }                                     \
  while (0)

#define STORE_SCORES(tile) _tile_stored (tile, scores + (tile) * ROWS, KEYS * sizeof (float))

/* Tiles 0 … 3 = the scores of a unit's queries and a block of keys. @pairs: as the job's. */
INLINE void
multiply_keys (Rows          *rows,
               const guint16 *q,
               const guint16 *keys,
               gsize          depth,
               gsize          pairs)
{
  _tile_zero (0);
  _tile_zero (1);
  _tile_zero (2);
  _tile_zero (3);
#pragma GCC unroll 2
  for (gsize i = 0; i < depth; i++)
    {
      const guint16 *tiles = keys + i * KEY_TILES * TILE;
      gsize step = key_step (i, depth, pairs);

      _tile_loadd (4, q + i * TILE, 64);
      _tile_loadd (5, tiles, 64);
      MULTIPLY (0, 4, 5);
      _tile_loadd (6, tiles + step, 64);
      MULTIPLY (1, 4, 6);
      _tile_loadd (7, tiles + 2 * step, 64);
      MULTIPLY (2, 4, 7);
      _tile_loadd (6, tiles + 3 * step, 64);
      MULTIPLY (3, 4, 6);
    }
}

INLINE void
store_scores (float *scores)
{
  STORE_SCORES (0);
  STORE_SCORES (1);
  STORE_SCORES (2);
  STORE_SCORES (3);
}

/* A tile of sums [16 queries, 16 of d] += probabilities, in tiles 6 and 7, · values of a block. With the first two, the
 * scores that multiply_keys() left are stored, each at once before its tile is needed: storing has to wait for products,
 * and what needs the tile for storing. */
#define DEFINE_ADD_VALUES(name, tile)                              \
  INLINE void                                                      \
  name (Rows          *rows,                                       \
        const guint16 *values,                                     \
        const float   *sums,                                       \
        gsize          i,                                          \
        float         *scores)                                     \
  {                                                                \
    _tile_loadd (tile, sums + i * SCORES, 64);                     \
    _tile_loadd (5, values + i * HALVES * TILE, 64);               \
    MULTIPLY (tile, 6, 5);                                         \
    if (scores != NULL && i == 0)                                  \
      STORE_SCORES (0);                                            \
    if (scores != NULL && i == 1)                                  \
      STORE_SCORES (2);                                            \
    _tile_loadd (5, values + (i * HALVES + 1) * TILE, 64);         \
    MULTIPLY (tile, 7, 5);                                         \
    if (scores != NULL && i == 0)                                  \
      STORE_SCORES (1);                                            \
    if (scores != NULL && i == 1)                                  \
      STORE_SCORES (3);                                            \
  }

DEFINE_ADD_VALUES (add_values_0, 4)
DEFINE_ADD_VALUES (add_values_1, 0)
DEFINE_ADD_VALUES (add_values_2, 1)

INLINE void
add_values (Rows          *rows,
            const guint16 *values,
            const float   *sums,
            gsize          i,
            float         *scores)
{
  if (i % 3 == 0)
    add_values_0 (rows, values, sums, i, scores);
  else if (i % 3 == 1)
    add_values_1 (rows, values, sums, i, scores);
  else
    add_values_2 (rows, values, sums, i, scores);
}

INLINE void
store_sums (float *sums,
            gsize  i)
{
  if (i % 3 == 0)
    _tile_stored (4, sums + i * SCORES, 64);
  else if (i % 3 == 1)
    _tile_stored (0, sums + i * SCORES, 64);
  else
    _tile_stored (1, sums + i * SCORES, 64);
}

/* sums of a unit [width] tiles += its probabilities · values of a block. @scores, nullable, gets tiles 0 … 3. */
INLINE void
multiply_values (Rows          *rows,
                 const guint16 *weights,
                 const guint16 *values,
                 float         *sums,
                 gsize          width,
                 float         *scores)
{
  _tile_loadd (6, weights, 64);
  _tile_loadd (7, weights + TILE, 64);
#pragma GCC unroll 3
  for (gsize i = 0; i < width; i++)
    {
      add_values (rows, values, sums, i, scores);
      if (i > 0)
        store_sums (sums, i - 1);
    }
  if (scores != NULL && width == 1)
    {
      STORE_SCORES (2);
      STORE_SCORES (3);
    }
  store_sums (sums, width - 1);
}

#define STORE_SUMS(sums, tile) _tile_stored (tile, (sums) + (tile) * SCORES, 64)

/* Tile @tile of scores; 4 and 5 hold q, of which 5 is short, as 7 is. */
#define MULTIPLY_KEYS(tile)                                                  \
  do                                                                         \
    {                                                                        \
      _tile_zero (tile);                                                     \
      _tile_loadd (6, keys + (tile) * TILE, 64);                             \
      MULTIPLY (tile, 4, 6);                                                 \
      _tile_loadd (7, keys + KEY_TILES * TILE + (tile) * pairs * DEPTH, 64); \
      MULTIPLY (tile, 5, 7);                                                 \
    }                                                                        \
  while (0)

/* Tile @tile of sums; 3 and 4 hold the probabilities. */
#define MULTIPLY_VALUES(tile)                                     \
  do                                                              \
    {                                                             \
      _tile_loadd (tile, sums + (tile) * SCORES, 64);             \
      _tile_loadd (6, values + (tile) * HALVES * TILE, 64);       \
      MULTIPLY (tile, 4, 6);                                      \
      _tile_loadd (6, values + ((tile) * HALVES + 1) * TILE, 64); \
      MULTIPLY (tile, 3, 6);                                      \
    }                                                             \
  while (0)

/* What is done at a time: a block of keys with a unit of queries. */
typedef struct
{
  const guint16 *q;
  const guint16 *keys;
  const guint16 *values;
  guint16       *weights;
  float         *scores;
  float         *sums;
  float         *shift;
} Work;

INLINE Work
get_work (const Job     *job,
          const Buffers *b,
          gsize          head,
          gsize          units,
          gsize          i)
{
  gsize unit = i % units;
  gsize block = i / units;

  return (Work) {
    .q = b->q + unit * job->q_size,
    .keys = job->keys + head * job->keys_size + block * job->block_size,
    .values = job->values + head * job->values_size + block * HALVES * job->width * TILE,
    .weights = b->weights + i % 2 * HALVES * TILE,
    .scores = b->scores + i % 2 * ROWS * KEYS,
    .sums = b->sums + unit * job->width * SCORES,
    .shift = b->shift + unit * ROWS,
  };
}

/* Stores what multiply_short() has left in tiles, if anything. */
INLINE void
store_late (float **late)
{
  if (*late == NULL)
    return;
  STORE_SUMS (*late, 1);
  STORE_SUMS (*late, 2);
  *late = NULL;
}

/* The scores of @next, but that those in tiles 1 and 2 stay there; stores the @late sums meanwhile. */
INLINE void
multiply_short_keys (Rows        *rows,
                     const Work  *next,
                     gsize        pairs,
                     float      **late)
{
  const guint16 *keys = next->keys;
  float *scores = next->scores;

  _tile_loadd (4, next->q, 64);
  _tile_loadd (5, next->q + TILE, 4 * pairs);
  MULTIPLY_KEYS (3);
  if (*late != NULL)
    STORE_SUMS (*late, 1);
  MULTIPLY_KEYS (0);
  if (*late != NULL)
    STORE_SUMS (*late, 2);
  *late = NULL;
  MULTIPLY_KEYS (1);
  STORE_SCORES (3);
  MULTIPLY_KEYS (2);
  STORE_SCORES (0);
}

/* The products of a unit, either nullable, where the job is short. Tile after tile, and one is stored when two more have
 * been multiplied: by then storing it waits for nothing. So two tiles of sums are stored @late, with the next unit. */
INLINE void
multiply_short (Rows        *rows,
                const Work  *next,
                const Work  *last,
                gsize        pairs,
                float      **late)
{
  const guint16 *values = last != NULL ? last->values : NULL;
  float *sums = last != NULL ? last->sums : NULL;
  float *scores = next != NULL ? next->scores : NULL;

  if (next != NULL)
    multiply_short_keys (rows, next, pairs, late);
  else
    store_late (late);
  if (last != NULL)
    {
      _tile_loadd (4, last->weights, 64);
      _tile_loadd (3, last->weights + TILE, 64);
      MULTIPLY_VALUES (0);
    }
  if (scores != NULL)
    STORE_SCORES (1);
  if (last != NULL)
    MULTIPLY_VALUES (1);
  if (scores != NULL)
    STORE_SCORES (2);
  if (last != NULL)
    {
      MULTIPLY_VALUES (2);
      STORE_SUMS (sums, 0);
      *late = sums;
    }
}

/* The products of a unit, either nullable; @late: sums that are not stored yet. */
INLINE void
multiply_unit (const Job   *job,
               Rows        *rows,
               const Work  *next,
               const Work  *last,
               gsize        depth,
               gsize        width,
               float      **late)
{
  if (depth == 2 && width == 3)
    {
      multiply_short (rows, next, last, job->pairs, late);
      return;
    }
  if (next != NULL)
    multiply_keys (rows, next->q, next->keys, depth, job->pairs);
  if (last != NULL)
    multiply_values (rows, last->weights, last->values, last->sums, width, next != NULL ? next->scores : NULL);
  else if (next != NULL)
    store_scores (next->scores);
}

static Rows
get_rows (const Work   *work,
          const Powers *powers,
          gsize         n_products)
{
  return (Rows) {
    .scores = work->scores,
    .weights = work->weights,
    .shift = work->shift,
    .powers = powers,
    .seen = _mm512_setzero_si512 (),
    .step = MIN ((ROWS * (1 << 16) + n_products - 1) / n_products, 2 << 16),
  };
}

/* Probabilities of @now, while the tiles multiply for @next and @last, if there are such units. */
INLINE void
run_unit (const Job     *job,
          const Work    *next,
          const Work    *now,
          const Work    *last,
          const Powers  *powers,
          gsize          depth,
          gsize          width,
          float        **late)
{
  gsize n_products = (next != NULL ? KEY_TILES * depth : 0) + (last != NULL ? HALVES * width : 0);
  Rows rows = get_rows (now, powers, MAX (n_products, 1));

  multiply_unit (job, &rows, next, last, depth, width, late);
  soften_rest (&rows);
  if (!is_too_large (rows.seen))
    return;
  store_late (late);
  raise_reference (now->scores, now->shift, now->sums, job->width, powers->scale);
  rows.done = 0;
  soften_rest (&rows);
}

static void
store_rows (const Job     *job,
            const Buffers *b,
            gsize          head,
            gsize          first)
{
  const EshiCpuAttention *p = job->p;
  gsize row = p->heads * p->d;
  guint16 *dst = (guint16 *) p->dst + (head / p->heads * p->t + first) * row + head % p->heads * p->d;

  for (gsize i = 0; i < MIN (QUERIES, p->t - first); i++)
    {
      const float *sum = b->sums + (i / ROWS * job->width * ROWS + i % ROWS) * ROWS;
      __m512 inverse = _mm512_set1_ps (1.0f / sum[p->d / ROWS * SCORES + p->d % ROWS]);

      for (gsize from = 0; from < p->d; from += ROWS)
        {
          __m512 x = _mm512_mul_ps (_mm512_load_ps (sum + from / ROWS * SCORES), inverse);
          __mmask16 mask = p->d - from >= ROWS ? 0xffff : (1u << (p->d - from)) - 1;

          _mm256_mask_storeu_epi16 (dst + i * row + from, mask, (__m256i) _mm512_cvtneps_pbh (x));
        }
    }
}

/* Brings row @i of a head in @rows, q or dst, into the second cache: such rows lie far apart. */
INLINE void
fetch_row (const Job  *job,
           const void *rows,
           gsize       head,
           gsize       i)
{
  const EshiCpuAttention *p = job->p;
  const guint16 *row = (const guint16 *) rows + ((head / p->heads * p->t + i) * p->heads + head % p->heads) * p->d;

  if (i >= p->t)
    return;
  for (gsize from = 0; from < p->d; from += DEPTH)
    _mm_prefetch (row + from, _MM_HINT_T1);
  _mm_prefetch (row + p->d - 1, _MM_HINT_T1);
}

/* Brings part @part of @n_parts of all heads' rows of a task into the second cache. */
static void
fetch_part (const Job  *job,
            const void *rows,
            gsize       image,
            gsize       first,
            gsize       part,
            gsize       n_parts)
{
  const EshiCpuAttention *p = job->p;
  gsize row = p->heads * p->d * sizeof (guint16);
  const char *begin = (const char *) rows + (image * p->t + first) * row;
  gsize bytes = first < p->t ? MIN (QUERIES, p->t - first) * row : 0;

  for (gsize at = bytes * part / n_parts; at < bytes * (part + 1) / n_parts; at += LINE)
    _mm_prefetch (begin + at, _MM_HINT_T1);
}

/* What will be needed soon, a row with each unit: first the queries of this thread's next task, probably, then where this
 * one's results go. */
INLINE void
fetch_ahead (const Job *job,
             gsize      head,
             gsize      first,
             gsize      unit)
{
  if (unit < QUERIES)
    fetch_row (job, job->p->q, head, first + job->p->n_threads * QUERIES + unit);
  else if (unit < 2 * QUERIES)
    fetch_row (job, job->p->dst, head, first + unit - QUERIES);
}

/* The units of a task one after the other; depth and width are the job's, as constants where that pays. */
INLINE void
run_units (const Job     *job,
           const Buffers *b,
           gsize          head,
           gsize          first,
           gsize          units,
           gsize          depth,
           gsize          width)
{
  Powers powers = make_powers (job->p->scale);
  gsize n = units * job->blocks;
  Work now = get_work (job, b, head, units, 0);
  Work last;
  Work next;
  Rows none = { .step = 0 };
  float *late = NULL;

  multiply_unit (job, &none, &now, NULL, depth, width, &late);
  for (gsize i = 0; i < n; i++)
    {
      if (i + 1 < n)
        next = get_work (job, b, head, units, i + 1);
      fetch_ahead (job, head, first, i);
      if (i < units)
        start_reference (now.scores, now.shift, powers.scale);
      if (i + 1 < n && i > 0)
        run_unit (job, &next, &now, &last, &powers, depth, width, &late);
      else
        run_unit (job, i + 1 < n ? &next : NULL, &now, i > 0 ? &last : NULL, &powers, depth, width, &late);
      last = now;
      now = next;
    }
  multiply_unit (job, &none, NULL, &last, depth, width, &late);
  store_late (&late);
}

static void
run_task (const Job *job,
          gsize      head,
          gsize      first,
          gsize      thread)
{
  Buffers b = get_buffers (job, thread);
  gsize units = (MIN (QUERIES, job->p->t - first) + ROWS - 1) / ROWS;

  load_queries (job, &b, head, first);
  if (job->is_short)
    run_units (job, &b, head, first, units, 2, 3);
  else if (job->depth == 3 && job->width == 6)
    run_units (job, &b, head, first, units, 3, 6);
  else
    run_units (job, &b, head, first, units, job->depth, job->width);
  store_rows (job, &b, head, first);
}

/* Tiles for a job: whole ones, but for two of those of a short one. */
static void
configure (const Job *job)
{
  guint8 rows[ESHI_AMX_TILES];
  guint8 row_bytes[ESHI_AMX_TILES];

  memset (rows, ROWS, sizeof rows);
  memset (row_bytes, 64, sizeof row_bytes);
  if (job->is_short)
    {
      row_bytes[5] = 4 * job->pairs;
      rows[7] = job->pairs;
    }
  eshi_amx_configure (rows, row_bytes);
}

/* All heads of some rows of q, which are read once then, and what the next rows need meanwhile. */
static void
run_heads (const Job *job,
           gsize      image,
           gsize      first,
           gsize      thread)
{
  const EshiCpuAttention *p = job->p;
  gsize next = first + p->n_threads * QUERIES;

  for (gsize i = 0; i < p->heads; i++)
    {
      fetch_part (job, p->q, image, next, i, p->heads);
      fetch_part (job, p->dst, image, next, i, p->heads);
      run_task (job, image * p->heads + i, first, thread);
    }
}

/* Where the second cache holds the keys and values of all heads, rows of q and dst pass by once, and else those of one
 * head, on which both cores then work at the same time. */
void
eshi_cpu_amx_attention (const EshiCpuAttention *p)
{
  Job job = plan_job (p);
  gsize n_heads = p->n * p->heads;
  gsize key_tiles = job.blocks * KEY_TILES;
  gsize halves = job.blocks * HALVES;
  gboolean by_rows = p->heads * (job.keys_size + job.values_size) * sizeof (guint16) <= ALL_HEADS_MAX &&
                     p->n * job.tasks >= MIN_SHARES * p->n_threads;

#pragma omp parallel num_threads (p->n_threads) if (n_heads * p->t * p->s > ESHI_CPU_PARALLEL_MIN)
  {
    gsize thread = omp_get_thread_num ();

    configure (&job);
#pragma omp for schedule(static) nowait
    for (gsize i = 0; i < p->n * key_tiles; i++)
      for (gsize head = 0; head < p->heads; head++)
        pack_keys (&job, i / key_tiles * p->heads + head, i % key_tiles * ROWS);
#pragma omp for schedule(static)
    for (gsize i = 0; i < p->n * halves; i++)
      for (gsize head = 0; head < p->heads; head++)
        pack_values (&job, i / halves * p->heads + head, i % halves * DEPTH);
    if (by_rows)
      {
#pragma omp for schedule(dynamic)
        for (gsize i = 0; i < p->n * job.tasks; i++)
          run_heads (&job, i / job.tasks, i % job.tasks * QUERIES, thread);
      }
    else
      {
#pragma omp for schedule(dynamic)
        for (gsize i = 0; i < n_heads * job.tasks; i++)
          run_task (&job, i / job.tasks, i % job.tasks * QUERIES, thread);
      }
    eshi_amx_release ();
  }
}
