/* eshi-cli-probe.c: eshi-cli probe: one stage of a model on given tensors, or the noise of a seed.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>

#include "eshi-cli.h"

#define MAX_RANK 8

typedef struct
{
  char *stage;
  char *input;
  char *output;
  char *backend;
  char *precision;
  char *seed;
  char *rng;
  char *shape;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->stage);
  g_free (self->input);
  g_free (self->output);
  g_free (self->backend);
  g_free (self->precision);
  g_free (self->seed);
  g_free (self->rng);
  g_free (self->shape);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* "1,4,64,64"; the engine judges the values. */
static gboolean
parse_shape (const char *text,
             gint64      shape[MAX_RANK],
             guint      *rank)
{
  g_auto(GStrv) parts = text != NULL ? g_strsplit (text, ",", -1) : NULL;

  *rank = parts != NULL ? g_strv_length (parts) : 0;
  for (guint i = 0; i < *rank && i < MAX_RANK; i++)
    {
      char *end = NULL;

      shape[i] = g_ascii_strtoll (parts[i], &end, 10);
      if (end == parts[i] || *end != '\0' || shape[i] < 1)
        *rank = 0;
    }
  if (*rank >= 1 && *rank <= MAX_RANK)
    return TRUE;

  eshi_cli_complain (_("The shape must be one to eight numbers, such as --shape 1,4,64,64."));

  return FALSE;
}

static int
probe_noise (const Options *options)
{
  g_autoptr(GError) error = NULL;
  EshiRngKind rng = ESHI_RNG_CPU;
  gint64 shape[MAX_RANK];
  guint64 seed = 0;
  guint rank = 0;

  if (!eshi_cli_seed (options->seed, &seed) ||
      !eshi_cli_rng (options->rng, &rng) ||
      !parse_shape (options->shape, shape, &rank))
    return ESHI_CLI_USAGE;

  return eshi_probe_noise (seed, rng, shape, rank, options->output, &error) ? ESHI_CLI_OK : eshi_cli_fail (error);
}

static int
probe_stage (const Options *options,
             const char    *model)
{
  g_autoptr(GError) error = NULL;

  if (options->input == NULL)
    {
      eshi_cli_complain (_("An --input FILE is missing; see “eshi-cli probe --help”."));
      return ESHI_CLI_USAGE;
    }

  return eshi_probe_stage (model, options->stage, options->input, options->output, options->backend,
                           options->precision != NULL ? options->precision : "auto", NULL, &error)
           ? ESHI_CLI_OK
           : eshi_cli_fail (error);
}

int
eshi_cli_probe (int    argc,
                char **argv)
{
  g_auto(Options) options = { NULL };
  const GOptionEntry entries[] = {
    { "stage", 's', 0, G_OPTION_ARG_FILENAME, &options.stage,
      N_("text, unet, vae-encode, vae-decode or noise"), N_("STAGE") },
    { "input", 'i', 0, G_OPTION_ARG_FILENAME, &options.input, N_("Safetensors file to read"), N_("FILE") },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, N_("Safetensors file to write"), N_("FILE") },
    { "backend", 0, 0, G_OPTION_ARG_FILENAME, &options.backend, N_("cpu, ref or cuda"), N_("NAME") },
    { "precision", 0, 0, G_OPTION_ARG_FILENAME, &options.precision, N_("auto, f32 or half"), N_("TYPE") },
    { "seed", 0, 0, G_OPTION_ARG_FILENAME, &options.seed, N_("Seed of the noise"), N_("NUMBER") },
    { "rng", 0, 0, G_OPTION_ARG_FILENAME, &options.rng, N_("cpu or philox"), N_("KIND") },
    { "shape", 0, 0, G_OPTION_ARG_FILENAME, &options.shape, N_("Shape of the noise: 1,4,64,64"), N_("SHAPE") },
    { NULL },
  };
  g_auto(GStrv) rest = NULL;

  if (!eshi_cli_parse (argc, argv, "[MODEL]", _("Runs one stage of a model, to compare numbers."), entries, &rest))
    return ESHI_CLI_USAGE;
  if (options.stage == NULL || options.output == NULL || g_strv_length (rest) > 1)
    {
      eshi_cli_complain (_("Give --stage STAGE, --output FILE and at most one model; see “eshi-cli probe --help”."));
      return ESHI_CLI_USAGE;
    }

  return g_str_equal (options.stage, "noise") ? probe_noise (&options) : probe_stage (&options, rest[0]);
}
