/* eshi-pipeline-private.h: what the files of a pipeline share: the loaded parts, and the graphs that are kept.
 *
 * eshi-pipeline.c       loading, judging parameters, the public calls
 * eshi-pipeline-checkpoint.c  the same from a single file
 * eshi-pipeline-text.c  prompts to contexts
 * eshi-pipeline-embeddings.c  textual inversions that prompts name
 * eshi-pipeline-graphs.c  one graph per shape, the last few kept
 * eshi-pipeline-start.c  pictures that start from another picture
 * eshi-pipeline-lora.c  LoRAs into the weights, and out again
 * eshi-pipeline-run.c   the steps of one picture
 * eshi-pipeline-preview.c  looks at unfinished pictures
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-checkpoint.h"
#include "eshi-graph.h"
#include "eshi-latent-rgb.h"
#include "eshi-pipeline-embeddings.h"
#include "eshi-pipeline.h"
#include "eshi-prompt-chunks.h"
#include "eshi-scheduler.h"
#include "eshi-text-encoder.h"
#include "eshi-tokenizer.h"
#include "eshi-unet.h"
#include "eshi-vae.h"

G_BEGIN_DECLS

/* Encodes one text at a time. */
typedef struct
{
  EshiGraph  *graph;     /* NULL until needed */
  guint       clip_skip; /* of the graph */
  EshiTensor *input;     /* i32 [1, tokens]: ids; or f32 [1, tokens, d]: their rows */
  EshiTensor *hidden;    /* f32 [1, tokens, d] */
} EshiTextGraph;

/* Keys and values of the cross attentions, for one context or for two (without and with the prompt). Counted by
 * reference: step graphs of several sizes read the same one. */
typedef struct
{
  gboolean         guided;
  guint            n_chunks;
  EshiGraph       *graph;
  EshiTensor      *input;   /* f32 [1 or 2, n_chunks · tokens, d] */
  EshiUnetContext  context;
  char            *key;     /* what was uploaded last; NULL if nothing was */
} EshiContextGraph;

/* One prediction for latents of one size. */
typedef struct
{
  guint       height;   /* of the latents */
  guint       width;
  gboolean    guided;
  EshiContextGraph *context; /* outlives the graph, which reads it */
  EshiGraph  *graph;
  EshiTensor *latents;  /* f32 [1 or 2, h, w, 4] */
  EshiTensor *timestep; /* f32 [1] */
  EshiTensor *guidance; /* f32 [1]; NULL unless guided */
  EshiTensor *output;   /* f32 [1, h, w, 4] */
  double      flops;
} EshiStepGraph;

/* The decoder for latents of one size. */
typedef struct
{
  guint       height;   /* of the latents */
  guint       width;
  gboolean    exact;    /* f32 whatever the backend's type */
  EshiGraph  *graph;
  EshiTensor *z;        /* f32 [1, h, w, 4] */
  EshiTensor *image;    /* f32 [1, H, W, 3] */
  EshiTensor *pixels;   /* u8 [1, H, W, 3] */
  double      flops;
  double      seconds;  /* that the last run took; 0 before it */
} EshiDecodeGraph;

struct _EshiPipeline
{
  /* borrowed */
  EshiBackend         *backend;

  /* owned: the model */
  char                *path;
  char                *folder;  /* the same, for people */
  EshiCheckpoint      *checkpoint; /* NULL where the model is a folder */
  EshiTokenizer       *tokenizer;
  EshiTextEncoder     *text;
  EshiUnet            *unet;
  EshiVae             *vae;
  EshiVae             *encoder; /* NULL until needed */
  EshiSchedulerConfig  scheduler_config;
  const char          *sampler; /* static: the model's own */
  EshiRgbParams        rgb;
  gboolean             has_rgb;

  /* owned: the LoRAs that are merged into the model's weights */
  char                *lora_key;     /* NULL: none */
  char                *lora_note;    /* (nullable) */
  gboolean             lora_in_text; /* whether the text encoder's weights are changed too */

  /* owned: what was made for earlier calls */
  EshiTextGraph        text_graphs[2]; /* by what they read: ids, or rows */
  EshiEmbeddings      *embeddings;     /* NULL until needed */
  GQueue              *hidden;   /* of EshiHidden, newest first */
  GPtrArray           *steps;    /* of EshiStepGraph, newest first */
  GPtrArray           *decoders; /* of EshiDecodeGraph, newest first */
};

/* The prompts of a call, cut into chunks, at each of its steps. */
typedef struct
{
  GPtrArray *texts;      /* of EshiPromptChunks: each different text once */
  guint      n_chunks;   /* of each of them */
  guint      n_prompts;  /* 1; with guidance 2, the negative prompt before the prompt */
  guint      n_steps;    /* 1 where nothing changes */
  guint     *steps;      /* [n_steps, n_prompts]: indices in texts */
  GPtrArray *embeddings; /* names of those that the texts use */

  /* NULL until they are encoded */
  GPtrArray *keys;       /* utf8: what tells the values of each text from others */
  float     *values;     /* [texts, n_chunks · tokens, d] */
  float     *shown;      /* [n_prompts, n_chunks · tokens, d]: those that a context holds */
  gsize      n_values;   /* of a text */
  guint      shown_step;
} EshiReading;

/* eshi-pipeline-text.c. Cuts @params' prompts into chunks; @self is to be cleared. Errors: INVALID_ARGUMENT where they are
 * too long, or take too many forms; whatever is wrong with a textual inversion that they name. */
gboolean         _eshi_reading_init         (EshiReading               *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             GError                   **error);
void             _eshi_reading_clear        (EshiReading         *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiReading, _eshi_reading_clear)

/* Tokens of a chunk. */
guint            _eshi_pipeline_n_tokens    (EshiPipeline        *self);
guint            _eshi_pipeline_factor      (EshiPipeline        *self);

/* eshi-pipeline-checkpoint.c. Opens part @index of a single file: tokenizer, text encoder, UNet, VAE; in this order. */
gboolean         _eshi_pipeline_load_checkpoint_part (EshiPipeline *self,
                                             guint                index,
                                             GError             **error);

/* Encodes all texts of @self. */
gboolean         _eshi_reading_encode       (EshiReading               *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             GCancellable              *cancellable,
                                             GError                   **error);

/* Makes @context hold the prompts of the first step. */
gboolean         _eshi_reading_begin        (EshiReading               *self,
                                             EshiContextGraph          *context,
                                             GCancellable              *cancellable,
                                             GError                   **error);

/* Makes @context, which held the prompts of another step, hold those of step @step, from 0. Allocates nothing. */
gboolean         _eshi_reading_show         (EshiReading               *self,
                                             EshiContextGraph          *context,
                                             guint                      step,
                                             GCancellable              *cancellable,
                                             GError                   **error);

void             _eshi_pipeline_text_clear  (EshiPipeline        *self);

/* Forgets the prompts and the text encoder's graph, because its weights change. */
void             _eshi_pipeline_text_reset  (EshiPipeline        *self);

/* eshi-pipeline-lora.c. Makes the weights those of @params' LoRAs; after an error there are none of them, or those that
 * were there before. Errors: those of eshi_lora_open() and eshi_lora_merge(); INVALID_ARGUMENT for a weight. */
gboolean         _eshi_pipeline_apply_loras (EshiPipeline              *self,
                                             const EshiPipelineParams  *params,
                                             GError                   **error);

/* eshi-pipeline-graphs.c. Each returns a prepared graph that the pipeline keeps; NULL with @error set. */
EshiTextGraph   *_eshi_pipeline_get_text    (EshiPipeline        *self,
                                             guint                clip_skip,
                                             gboolean             rows,
                                             GCancellable        *cancellable,
                                             GError             **error);
EshiStepGraph   *_eshi_pipeline_get_step    (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             guided,
                                             guint                n_chunks,
                                             GCancellable        *cancellable,
                                             GError             **error);
EshiDecodeGraph *_eshi_pipeline_get_decoder (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             exact,
                                             GCancellable        *cancellable,
                                             GError             **error);
void             _eshi_pipeline_graphs_clear (EshiPipeline       *self);

/* Frees the graphs that read the UNet's weights. */
void             _eshi_pipeline_unet_graphs_clear (EshiPipeline  *self);

/* Decodes @z, f32 [h, w, 4] as post_quant_conv takes it, into @rgb, [H, W, 3] u8, and @image (nullable), f32. */
gboolean         _eshi_decode_graph_run     (EshiDecodeGraph     *self,
                                             const float         *z,
                                             guint8              *rgb,
                                             float               *image,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* What a picture starts from when it is not noise alone: the image in the picture's size, and its latents. */
typedef struct
{
  guint        width;    /* of the latents */
  guint        height;
  guint        factor;
  guint8      *rgb;      /* [H, W, 3]; NULL where there is no image */
  float       *mean;     /* [4, h, w]: what the encoder says about the latents */
  float       *logvar;   /* [4, h, w] */
  float       *clean;    /* [4, h, w]: drawn from these, times the scaling factor */
  float       *noise;    /* [4, h, w]: what was added to the start, and is again */
  float       *noisy;    /* [4, h, w]: scratch */
  float       *repaint;  /* [h, w], 0-1; NULL without a mask */
  guint8      *feather;  /* [H, W]: how much of the new picture is used; NULL unless pasting */
} EshiStart;

/* eshi-pipeline-start.c. Resizes and encodes the image of @params, which have been resolved; without one, does nothing.
 * Errors: UNSUPPORTED and MODEL_INVALID where the model has no encoder, OUT_OF_MEMORY, FAILED. */
gboolean         _eshi_start_init           (EshiStart                 *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             GCancellable              *cancellable,
                                             GError                   **error);
void             _eshi_start_clear          (EshiStart           *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiStart, _eshi_start_clear)

/* Draws the latents and then the noise, in the reference's order, and sets @x, [4, h, w], to where call @first begins;
 * to the clean latents if that is behind the last call. */
void             _eshi_start_draw           (EshiStart           *self,
                                             const EshiScheduler *scheduler,
                                             guint                first,
                                             double               scaling_factor,
                                             EshiRng             *rng,
                                             float               *x);

/* After call @call: sets what the mask leaves alone in @x back to the image, as noisy as that call was. */
void             _eshi_start_keep           (EshiStart           *self,
                                             const EshiScheduler *scheduler,
                                             guint                call,
                                             float               *x);

/* Puts the image's own pixels back into @rgb, [H, W, 3], where they were to stay. */
void             _eshi_start_paste          (const EshiStart     *self,
                                             guint8              *rgb);

/* eshi-pipeline-run.c. Paints all pictures of @params, which have been resolved. @reading and @start are theirs. */
gboolean         _eshi_pipeline_run         (EshiPipeline                 *self,
                                             const EshiPipelineParams     *params,
                                             EshiReading                  *reading,
                                             EshiStart                    *start,
                                             const EshiPipelineCallbacks  *callbacks,
                                             GCancellable                 *cancellable,
                                             EshiPipelineResult           *result,
                                             GError                      **error);

/* Whether two graphs of these sizes fit into what memory is free. Error: OUT_OF_MEMORY. */
gboolean         _eshi_pipeline_check_memory (EshiPipeline       *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             guided,
                                             GError             **error);

/* f32 [c, h·w] ↔ [h·w, c]; the first way times @scale. */
void             _eshi_planes_to_pixels     (float               *dst,
                                             const float         *src,
                                             gsize                n_pixels,
                                             guint                channels,
                                             float                scale);
void             _eshi_pixels_to_planes     (float               *dst,
                                             const float         *src,
                                             gsize                n_pixels,
                                             guint                channels);

G_END_DECLS
