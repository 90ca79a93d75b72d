/* eshi-cli-history.c: eshi-cli history: which pictures there are, and how they were made.
 *
 * Reads the history and starts no engine.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eshi-cli-history.h"
#include "eshi-cli-report.h"

#define DEFAULT_LIMIT 20
#define MAX_LIMIT 1000
#define MAX_SHOWN 60

/* --- shared ------------------------------------------------------------------------------------------------------- */

void
eshi_cli_history_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

void
eshi_cli_history_wait (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
}

EshiHistory *
eshi_cli_history_open (void)
{
  g_autoptr(EshiHistory) history = eshi_history_new (NULL, NULL);
  g_autoptr(GAsyncResult) opened = NULL;
  g_autoptr(GAsyncResult) settled = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *notice = NULL;

  eshi_history_open_async (history, eshi_cli_history_cb, &opened);
  eshi_cli_history_wait (&opened);
  if (!eshi_history_open_finish (history, opened, &notice, &error))
    {
      eshi_cli_complain (error->message);
      return NULL;
    }
  if (notice != NULL)
    eshi_cli_complain (notice);
  eshi_history_settle_async (history, eshi_cli_history_cb, &settled);
  eshi_cli_history_wait (&settled);

  return g_steal_pointer (&history);
}

EshiHistoryPicture *
eshi_cli_history_load (EshiHistory *history,
                       const char  *text)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GPtrArray) pictures = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  g_autofree char *sentence = NULL;
  guint64 id = 0;
  gint64 key = 0;

  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXINT64, &id, NULL))
    {
      key = (gint64) id;
      eshi_history_load_async (history, &key, 1, NULL, eshi_cli_history_cb, &result);
      eshi_cli_history_wait (&result);
      pictures = eshi_history_load_finish (history, result, &error);
    }
  if (pictures != NULL && pictures->len > 0)
    return eshi_history_picture_copy (pictures->pdata[0]);

  sentence = g_strdup_printf (_("There is no picture “%s” in the history; see “eshi-cli history list”."), valid);
  eshi_cli_complain (error != NULL ? error->message : sentence);

  return NULL;
}

/* (transfer full): @created in local time, "2026-11-26 08:00". */
static char *
dup_date (gint64 created)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (created / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? g_date_time_format (local, "%F %H:%M") : g_strdup ("");
}

/* --- list and search ---------------------------------------------------------------------------------------------- */

typedef struct
{
  char     *model;
  char     *sampler;
  char     *tag;
  gboolean  favourites;
  gboolean  trashed;
  int       limit;
  gboolean  json;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->model);
  g_free (self->sampler);
  g_free (self->tag);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

/* One line: id, date, size, sampler, seed, the beginning of the prompt. */
static void
print_line (const EshiHistoryPicture *picture)
{
  const EshiSettings *settings = picture->settings;
  g_autofree char *date = dup_date (picture->created);
  g_autofree char *prompt = g_utf8_substring (settings->prompt, 0, MIN (g_utf8_strlen (settings->prompt, -1), MAX_SHOWN));

  printf ("%6" PRId64 "  %s  %4d×%-4d  %-12s  %10" PRIu64 "  %s\n", picture->id, date, settings->width,
          settings->height, settings->sampler != NULL ? settings->sampler : "", settings->seed,
          g_strdelimit (prompt, "\r\n\t", ' '));
}

static void
add_strings (JsonBuilder *builder,
             const char  *name,
             GStrv        strings)
{
  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (guint i = 0; strings[i] != NULL; i++)
    json_builder_add_string_value (builder, strings[i]);
  json_builder_end_array (builder);
}

static void
add_bool (JsonBuilder *builder,
          const char  *name,
          gboolean     value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_picture (JsonBuilder              *builder,
             const EshiHistoryPicture *picture)
{
  g_autofree char *file = g_filename_display_name (picture->path);
  g_autofree char *settings = eshi_settings_to_json (picture->settings, picture->model_name);

  json_builder_begin_object (builder);
  eshi_cli_report_add_int (builder, "id", picture->id);
  eshi_cli_report_add_string (builder, "file", file);
  eshi_cli_report_add_string (builder, "sha256", picture->sha256);
  eshi_cli_report_add_double (builder, "created", (double) picture->created / G_USEC_PER_SEC);
  json_builder_set_member_name (builder, "settings");
  json_builder_add_value (builder, json_from_string (settings, NULL));
  eshi_cli_report_add_string (builder, "model_path", picture->settings->model);
  eshi_cli_report_add_string (builder, "model_hash", picture->model_hash);
  eshi_cli_report_add_string (builder, "backend", picture->backend);
  eshi_cli_report_add_double (builder, "seconds", picture->seconds);
  add_bool (builder, "favourite", picture->favourite);
  eshi_cli_report_add_int (builder, "rating", picture->rating);
  add_strings (builder, "tags", picture->tags);
  eshi_cli_report_add_int (builder, "parent", picture->parent);
  add_bool (builder, "interrupted", picture->interrupted);
  add_bool (builder, "missing", picture->missing);
  add_bool (builder, "trashed", picture->trashed != 0);
  json_builder_end_object (builder);
}

static void
print_page (const EshiHistoryPage *page,
            gboolean               json)
{
  g_autoptr(JsonBuilder) builder = NULL;

  if (!json)
    {
      for (guint i = 0; i < page->pictures->len; i++)
        print_line (page->pictures->pdata[i]);
      return;
    }

  builder = json_builder_new_immutable ();
  json_builder_begin_object (builder);
  eshi_cli_report_add_int (builder, "found", page->n_found);
  json_builder_set_member_name (builder, "pictures");
  json_builder_begin_array (builder);
  for (guint i = 0; i < page->pictures->len; i++)
    add_picture (builder, page->pictures->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
  eshi_cli_report_finish (builder);
}

static int
find (const Options *options,
      const char    *text)
{
  g_autoptr(EshiHistory) history = eshi_cli_history_open ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(EshiHistoryPage) page = NULL;
  g_autoptr(GError) error = NULL;
  EshiHistoryQuery query = {
    .text = text,
    .model = options->model,
    .sampler = options->sampler,
    .tag = options->tag,
    .favourite = options->favourites,
    .trashed = options->trashed,
    .limit = (guint) options->limit,
  };

  if (history == NULL)
    return ESHI_CLI_FAILED;

  eshi_history_find_async (history, &query, NULL, eshi_cli_history_cb, &result);
  eshi_cli_history_wait (&result);
  page = eshi_history_find_finish (history, result, &error);
  if (page == NULL)
    return eshi_cli_fail (error);
  print_page (page, options->json);

  return ESHI_CLI_OK;
}

/* Parses the options that both have, and what follows them. */
static gboolean
parse (Options      *options,
       int           argc,
       char        **argv,
       const char   *arguments,
       const char   *summary,
       char       ***rest)
{
  const GOptionEntry entries[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &options->model, N_("Only pictures of the model of this name"), N_("NAME") },
    { "sampler", 0, 0, G_OPTION_ARG_FILENAME, &options->sampler, N_("Only pictures of this sampler"), N_("NAME") },
    { "tag", 0, 0, G_OPTION_ARG_FILENAME, &options->tag, N_("Only pictures with this tag"), N_("TEXT") },
    { "favourites", 0, 0, G_OPTION_ARG_NONE, &options->favourites, N_("Only favourites"), NULL },
    { "trashed", 0, 0, G_OPTION_ARG_NONE, &options->trashed, N_("What is in the trash"), NULL },
    { "limit", 'n', 0, G_OPTION_ARG_INT, &options->limit, N_("How many at most, 1 to 1000"), N_("NUMBER") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &options->json, N_("Write one JSON object"), NULL },
    { NULL },
  };

  options->limit = DEFAULT_LIMIT;
  if (!eshi_cli_parse (argc, argv, arguments, summary, entries, rest))
    return FALSE;
  if (options->limit >= 1 && options->limit <= MAX_LIMIT)
    return TRUE;

  eshi_cli_complain (_("The limit must be a number from 1 to 1000."));

  return FALSE;
}

int
eshi_cli_history_list (int    argc,
                       char **argv)
{
  g_auto(Options) options = { NULL };

  if (!parse (&options, argc, argv, NULL, _("Lists the pictures, the newest first."), NULL))
    return ESHI_CLI_USAGE;

  return find (&options, NULL);
}

int
eshi_cli_history_search (int    argc,
                         char **argv)
{
  g_auto(Options) options = { NULL };
  g_auto(GStrv) words = NULL;
  g_autofree char *joined = NULL;
  g_autofree char *text = NULL;

  if (!parse (&options, argc, argv, _("WORD…"),
              _("Lists the pictures whose prompts, tags or models have all the words in them."), &words))
    return ESHI_CLI_USAGE;
  if (words[0] == NULL)
    {
      eshi_cli_complain (_("Give the words to look for; see “eshi-cli history search --help”."));
      return ESHI_CLI_USAGE;
    }
  joined = g_strjoinv (" ", words);
  text = eshi_cli_text (joined);

  return text != NULL ? find (&options, text) : ESHI_CLI_USAGE;
}

/* --- show --------------------------------------------------------------------------------------------------------- */

static void
print_value (const char *label,
             const char *value)
{
  if (value != NULL && *value != '\0')
    printf ("%s: %s\n", label, value);
}

static void
print_picture (const EshiHistoryPicture *picture)
{
  const EshiSettings *settings = picture->settings;
  g_autofree char *date = dup_date (picture->created);
  g_autofree char *file = g_filename_display_name (picture->path);
  g_autofree char *parameters = eshi_settings_to_parameters (settings, picture->model_name);
  g_autofree char *tags = g_strjoinv ("、", picture->tags);
  g_autofree char *parent = picture->parent != 0 ? g_strdup_printf ("%" PRId64, picture->parent) : NULL;

  puts (parameters);
  print_value (_("File"), file);
  if (picture->missing)
    puts (_("The file is missing."));
  if (picture->trashed != 0)
    puts (_("It is in the trash."));
  print_value (_("Painted"), date);
  print_value (_("Model hash"), picture->model_hash);
  print_value (_("Backend"), picture->backend);
  print_value (_("Tags"), tags);
  print_value (_("Parent"), parent);
}

int
eshi_cli_history_show (int    argc,
                       char **argv)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_("Write one JSON object"), NULL },
    { NULL },
  };
  g_auto(GStrv) rest = NULL;
  g_autoptr(EshiHistory) history = NULL;
  g_autoptr(EshiHistoryPicture) picture = NULL;
  g_autoptr(JsonBuilder) builder = NULL;

  if (!eshi_cli_parse (argc, argv, _("ID"), _("Shows how a picture of the history was made."), entries, &rest))
    return ESHI_CLI_USAGE;
  if (g_strv_length (rest) != 1)
    {
      eshi_cli_complain (_("Give the id of one picture; see “eshi-cli history list”."));
      return ESHI_CLI_USAGE;
    }
  history = eshi_cli_history_open ();
  picture = history != NULL ? eshi_cli_history_load (history, rest[0]) : NULL;
  if (picture == NULL)
    return ESHI_CLI_FAILED;

  if (!json)
    {
      print_picture (picture);
      return ESHI_CLI_OK;
    }
  builder = json_builder_new_immutable ();
  add_picture (builder, picture);
  eshi_cli_report_finish (builder);

  return ESHI_CLI_OK;
}

/* --- the subcommand ----------------------------------------------------------------------------------------------- */

typedef struct
{
  const char *name;
  int       (*run) (int argc, char **argv);
  const char *summary;
} Command;

static const Command commands[] = {
  { "list", eshi_cli_history_list, N_("list the pictures") },
  { "search", eshi_cli_history_search, N_("find pictures by words") },
  { "show", eshi_cli_history_show, N_("show how a picture was made") },
  { "rerun", eshi_cli_history_rerun, N_("paint a picture again and compare") },
  { "export", eshi_cli_history_export, N_("copy pictures as PNG, JPEG or WebP files") },
  { "import", eshi_cli_history_import, N_("take in the pictures of a folder") },
};

static void
print_help (void)
{
  puts (_("Usage: eshi-cli history COMMAND [OPTIONS]"));
  puts ("");
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    printf ("  %-10s %s\n", commands[i].name, _(commands[i].summary));
}

int
eshi_cli_history (int    argc,
                  char **argv)
{
  if (argc >= 2 && (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0))
    {
      print_help ();
      return ESHI_CLI_OK;
    }
  for (guint i = 0; argc >= 2 && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (argv[1], commands[i].name) == 0)
      {
        g_autofree char *name = g_strconcat ("history ", commands[i].name, NULL);
        g_autofree char **words = g_memdup2 (argv + 1, sizeof *argv * (gsize) argc);

        words[0] = name;
        return commands[i].run (argc - 1, words);
      }

  eshi_cli_complain (_("Say list, search, show, rerun, export or import; see “eshi-cli history --help”."));

  return ESHI_CLI_USAGE;
}
