/* eshi-request.h: what the artist asks for, by value.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib-object.h>

#include "eshi-branch.h"
#include "eshi-image.h"
#include "eshi-macros.h"
#include "eshi-preview-kind.h"
#include "eshi-rng-kind.h"
#include "eshi-switch.h"

G_BEGIN_DECLS

/**
 * EshiRequestKind:
 * @ESHI_REQUEST_LOAD_MODEL: make a model ready, so that the first picture starts sooner
 * @ESHI_REQUEST_GENERATE: paint
 * @ESHI_REQUEST_UNLOAD: give the model's memory back
 */
typedef enum
{
  ESHI_REQUEST_LOAD_MODEL,
  ESHI_REQUEST_GENERATE,
  ESHI_REQUEST_UNLOAD,
} EshiRequestKind;

#define ESHI_SEED_MAX G_MAXUINT32
#define ESHI_STRENGTH_DEFAULT 0.75

/**
 * EshiSettings:
 * @model: (nullable): path of a model; %NULL for the embedded one
 * @prompt: UTF-8; may be empty. Unless @emphasis is "off", (text), [text] and (text:1.3) weigh, BREAK begins another
 *   window, [from:to:when] and [a|b] change from step to step; see eshi-prompt-syntax.h and eshi-prompt-schedule.h
 * @negative_prompt: UTF-8; may be empty; likewise
 * @width: pixels, a multiple of 8, 64 to 2048; 0 for the image's, floored to a multiple of 8, or the model's own. Where
 *   only one side is 0, it follows the other in the image's proportion
 * @height: likewise
 * @steps: 1 to 1000; 0 for the model's own
 * @guidance: guidance scale, 1.0 to 30.0; 1.0 disables the unconditional pass; 0 for the model's own
 * @seed: of the first picture, picture i of a batch uses @seed + i, but for variations; all of them from 0 to %ESHI_SEED_MAX
 * @rng: algorithm that draws the noise
 * @sampler: (nullable): id of a sampler; %NULL for the model's own
 * @schedule: (nullable): id of a schedule, or "automatic"; %NULL, too, is the sampler's own
 * @n_images: pictures to paint, 1 to 64
 * @previews: whether previews are sent; never changes the result
 * @preview_kind: how they are made, which is nobody's business but that of who looks: no file of a picture holds it
 * @preview_every: after how many steps each time; 0, as 1, after every step; no file of a picture holds it either
 * @image: (nullable): a picture to start from instead of noise alone
 * @strength: how much of @image is painted over, 0.0 (nothing) to 1.0; means nothing without it
 * @mask: (nullable): where @image is painted over: white wholly, black not at all; of the image's size
 * @paste: whether the pixels that @mask leaves alone are put back with a soft edge, which the reference does not do
 * @loras: (nullable) (array zero-terminated=1): LoRAs beside those that the prompt names: "FILE" or "FILE:WEIGHT", where
 *   FILE may also be a name in the folder of LoRAs; the weight from -10 to 10, 1 if left out
 * @safety: whether the model's safety checker looks at each finished picture and withholds, all black, those that it
 *   flags. The model's own is "on" for a folder that brings a checker (as rinna's japanese-stable-diffusion does) and
 *   "off" for all others, the embedded one included; "on" for a model without one is an error. Previews are not looked at
 * @watermark: whether "StableDiffusionV1" is hidden in the picture. The model's own is "on" where its safety checker is,
 *   if the picture has as many pixels as 256 × 256 or more; "on" for a smaller one is an error. rinna's model card
 *   speaks of this watermark and CompVis' scripts apply it, though rinna's and diffusers' do not
 * @withheld: what came of it: whether the safety checker withheld this picture. Means nothing in a request
 * @variation_seed: whose noise the first picture's is turned towards; picture i of a batch uses @variation_seed + i
 * @variation_strength: how far, 0.0 (not at all) to 1.0 (it is that noise). Above 0.0 all pictures use @seed itself
 * @use_ema: whether a single file's averaged weights paint, where it holds both
 * @model_hash: (nullable): hash of the model that a picture was painted with; says nothing in a request
 * @vae: (nullable): the VAE in the place of the model's own: a path, or a name in the folder of VAEs, see
 *   eshi_vae_folder_find(); files of pictures know its name alone
 * @vae_f32: whether the VAE works in f32, whatever the backend's type; comes back %TRUE where that had to be, because its
 *   numbers overflowed in half precision
 * @vae_tiling: whether the VAE works in tiles, which need less memory and give a slightly different picture; by itself
 *   only where the memory would not do otherwise. Comes back as what was done, so ON only where there were tiles
 * @guidance_stop: the part of the steps that guidance takes part in, above 0.0, to 1.0, which 0.0 means, too; the steps
 *   after it follow the prompt alone and take less time. Not guided at all if not a whole step is left
 * @clip_skip: at which layer the text encoder stops, counted from the end: 1 or 0 for the last, 2 for the one before it,
 *   to 12
 * @emphasis: (nullable): how brackets in the prompts are read: "original", "no-norm", "ignore" or "off"; %NULL for
 *   "original"
 * @embeddings: (nullable) (array zero-terminated=1): the textual inversions that the prompts named, filled out; they are
 *   asked for in the prompts, so nobody reads it
 * @branch: (nullable): what the picture is painted as for its first steps; the prompts, @guidance and @seed hold from there
 *   on. Another @seed than that of @branch means other noise where the sampler adds some. For one picture at a time
 *
 * Everything that determines a picture. A plain value: copied in, filled out (zeros replaced by what was really used)
 * when it comes back with a picture.
 */
typedef struct
{
  char        *model;
  char        *prompt;
  char        *negative_prompt;
  int          width;
  int          height;
  int          steps;
  double       guidance;
  guint64      seed;
  EshiRngKind  rng;
  char        *sampler;
  char        *schedule;
  int          n_images;
  gboolean     previews;
  EshiPreviewKind preview_kind;
  int          preview_every;
  EshiImage   *image;
  double       strength;
  EshiImage   *mask;
  gboolean     paste;
  char       **loras;
  EshiSwitch   safety;
  EshiSwitch   watermark;
  gboolean     withheld;
  char        *model_hash;
  guint64      variation_seed;
  double       variation_strength;
  char        *vae;
  EshiSwitch   vae_tiling;
  gboolean     vae_f32;
  gboolean     use_ema;
  double       guidance_stop;
  int          clip_skip;
  char        *emphasis;
  char       **embeddings;
  EshiBranch  *branch;
} EshiSettings;

#define ESHI_TYPE_SETTINGS (eshi_settings_get_type ())
ESHI_AVAILABLE
GType eshi_settings_get_type (void);

/* Defaults: embedded model, empty prompts, everything the model's own, seed 0, CPU noise, one picture, previews, no image,
 * the strength %ESHI_STRENGTH_DEFAULT, pasting; safety checker and watermark as suits the model. */
ESHI_AVAILABLE
EshiSettings *eshi_settings_new (void);

ESHI_AVAILABLE
EshiSettings *eshi_settings_copy (const EshiSettings *self);

ESHI_AVAILABLE
void eshi_settings_free (EshiSettings *self);

/**
 * eshi_settings_validate:
 *
 * Whether every value lies in its range, before anything is loaded. Error: %ESHI_ERROR_INVALID_ARGUMENT, one sentence
 * for people that names the value and the range.
 */
ESHI_AVAILABLE
gboolean eshi_settings_validate (const EshiSettings  *self,
                                 GError             **error);

/* Whether guidance stops before the last step. */
ESHI_AVAILABLE
gboolean eshi_settings_is_draft (const EshiSettings  *self);

/**
 * eshi_settings_to_parameters:
 * @model_name: (nullable): name of the model, for the "Model" key
 *
 * Returns: (transfer full): the settings in the grammar that other programs read from PNG files (model-parameters
 *   line: prompt, negative prompt, "Steps: 25, Sampler: LMS, CFG scale: 7.5, Seed: 42, Size: 128x128, …")
 */
ESHI_AVAILABLE
char *eshi_settings_to_parameters (const EshiSettings *self,
                                   const char         *model_name);

/**
 * eshi_settings_new_from_parameters:
 * @text: what eshi_settings_to_parameters(), or another program that knows the grammar, has written
 * @model_name: (out) (optional) (nullable): value of the "Model" key
 *
 * Values are not checked against their ranges; see eshi_settings_validate(). Of an image that the picture was started
 * from only the strength is known. Keys that say nothing to us are passed over, samplers that we do not have leave the
 * sampler %NULL, and schedules the schedule. A name that holds both, such as "DPM++ SDE Karras", is taken apart.
 *
 * Error: %ESHI_ERROR_INVALID_ARGUMENT when there is no line of parameters.
 *
 * Returns: (transfer full): the settings; "model" is always %NULL
 */
ESHI_AVAILABLE
EshiSettings *eshi_settings_new_from_parameters (const char  *text,
                                                 char       **model_name,
                                                 GError     **error);

/**
 * eshi_settings_to_json:
 * @model_name: (nullable): name of the model
 *
 * The path of the model stays out of it, because pictures are given to others.
 *
 * Returns: (transfer full): all settings as one JSON object, for our own readers
 */
ESHI_AVAILABLE
char *eshi_settings_to_json (const EshiSettings *self,
                             const char         *model_name);

/**
 * eshi_settings_new_from_json:
 * @json: what eshi_settings_to_json() has written
 * @model_name: (out) (optional) (nullable): name of the model
 *
 * Values are not checked against their ranges; see eshi_settings_validate(). Error: %ESHI_ERROR_INVALID_ARGUMENT.
 *
 * Returns: (transfer full): the settings; "model" is always %NULL
 */
ESHI_AVAILABLE
EshiSettings *eshi_settings_new_from_json (const char  *json,
                                           char       **model_name,
                                           GError     **error);

/**
 * eshi_settings_dup_full_prompt:
 *
 * Returns: (transfer full): the prompt, with the LoRAs of the list written behind it as <lora:name:weight>
 */
ESHI_AVAILABLE
char *eshi_settings_dup_full_prompt (const EshiSettings *self);

#define ESHI_TYPE_REQUEST (eshi_request_get_type ())

/**
 * EshiRequest:
 *
 * Boxed, reference counted, immutable.
 */
typedef struct _EshiRequest EshiRequest;

ESHI_AVAILABLE
GType eshi_request_get_type (void);

/**
 * eshi_request_new:
 * @settings: (nullable): copied; %NULL for UNLOAD
 */
ESHI_AVAILABLE
EshiRequest *eshi_request_new (EshiRequestKind     kind,
                               const EshiSettings *settings);

/**
 * eshi_request_new_resumable:
 * @settings: copied
 * @checkpoint_seconds: how often checkpoint events come: 0 for after each step, negative for never
 * @state: (nullable): what a checkpoint event of an earlier request with the same @settings brought, perhaps in an earlier
 *   run of the program: where to go on. Every picture is then what it would have been; those finished before are not sent
 *   again. A state that is damaged or does not fit is no error: all is painted, and a note of the pictures says so
 *
 * Asks for pictures that survive the program.
 */
ESHI_AVAILABLE
EshiRequest *eshi_request_new_resumable (const EshiSettings *settings,
                                         double              checkpoint_seconds,
                                         GBytes             *state);

/**
 * eshi_request_new_stopping:
 * @settings: copied; one picture
 * @stop_after: steps, 1 or more; with the picture's number of steps or more, only the last decoding is left to do
 * @state: (nullable): where to go on, as in eshi_request_new_resumable()
 *
 * Asks for a picture that is left unfinished: after @stop_after steps comes a preview, decoded in full unless the VAE works
 * in tiles (none where the settings want no previews, nothing was left to do, or all steps are done), then a checkpoint event, then the end. No
 * image event comes, and that of the end has no image. eshi_request_new_resumable(), or another call of this, goes on from
 * the checkpoint to the picture that an undisturbed request would have given, byte for byte.
 */
ESHI_AVAILABLE
EshiRequest *eshi_request_new_stopping (const EshiSettings *settings,
                                        int                 stop_after,
                                        GBytes             *state);

ESHI_AVAILABLE
EshiRequest *eshi_request_ref (EshiRequest *self);

ESHI_AVAILABLE
void eshi_request_unref (EshiRequest *self);

ESHI_AVAILABLE
EshiRequestKind eshi_request_get_kind (const EshiRequest *self);

/* Returns: (transfer none) */
ESHI_AVAILABLE
const EshiSettings *eshi_request_get_settings (const EshiRequest *self);

/* Negative where none are asked for. */
ESHI_AVAILABLE
double eshi_request_get_checkpoint_seconds (const EshiRequest *self);

/* Returns: (transfer none) (nullable) */
ESHI_AVAILABLE
GBytes *eshi_request_get_state (const EshiRequest *self);

/* Steps after which the picture is left unfinished; 0 where it is not. */
ESHI_AVAILABLE
int eshi_request_get_stop_after (const EshiRequest *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiSettings, eshi_settings_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiRequest, eshi_request_unref)

G_END_DECLS
