/* eshi-cli-models-hub.c: eshi-cli models download, verify and remove.
 *
 * Nothing is fetched before the licence was shown and accepted. The access token comes from a file or $HF_TOKEN, never
 * from an argument, which every user of the computer could read.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>

#include "eshi-cli-models.h"
#include "eshi-hub-fetch.h"
#include "eshi-hub-licence.h"
#include "eshi-hub-verify.h"

#define MAX_TOKEN_BYTES 4096

/* --- stopping ---------------------------------------------------------------------------------------------------- */

static gboolean
on_signal_cb (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  const char   *url;
  const char   *token;
  const char   *repo;
  GCancellable *cancellable;
  GMainLoop    *loop;
  gboolean      shown;    /* whether standard error is a terminal */
  char         *path;
  GError       *error;
} Download;

/* --- progress ---------------------------------------------------------------------------------------------------- */

static void
on_progress (const EshiHubProgress *progress,
             gpointer               user_data)
{
  const Download *self = user_data;
  g_autofree char *done = g_format_size ((guint64) progress->n_done);
  g_autofree char *all = g_format_size ((guint64) progress->n_bytes);

  if (!self->shown)
    return;
  fprintf (stderr, "\r\033[K");
  if (progress->wait_s > 0.0)
    fprintf (stderr, _("Trying again in %.0f s"), progress->wait_s);
  else
    fprintf (stderr, _("%s of %s"), done, all);
  fflush (stderr);
}

static gboolean
on_fetched_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_REMOVE;
}

static gpointer
fetch_in_thread (gpointer data)
{
  Download *self = data;

  self->path = eshi_hub_fetch (self->url, self->token, self->repo, on_progress, self, self->cancellable, &self->error);
  /* By a source: quitting a loop that does not run yet would be forgotten. */
  g_idle_add (on_fetched_cb, self->loop);
  return NULL;
}

/* The main loop is there for the signals. */
static int
fetch (Download *self)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *shown = NULL;
  GThread *thread;
  int status;

  self->loop = loop;
  self->shown = isatty (STDERR_FILENO);
  g_unix_signal_add (SIGINT, on_signal_cb, self->cancellable);
  g_unix_signal_add (SIGTERM, on_signal_cb, self->cancellable);
  thread = g_thread_new ("download", fetch_in_thread, self);
  g_main_loop_run (loop);
  g_thread_join (thread);
  if (self->shown)
    fprintf (stderr, "\r\033[K");

  if (self->path == NULL)
    {
      status = eshi_cli_fail (self->error);
      g_clear_error (&self->error);
      return status;
    }
  shown = g_filename_display_name (self->path);
  eshi_cli_print (shown);
  g_free (self->path);
  return ESHI_CLI_OK;
}

/* --- the licence ------------------------------------------------------------------------------------------------- */

static void
show_licence (const Download    *self,
              const EshiHubPlan *plan)
{
  g_autofree char *text = plan->licence_file != NULL
                            ? eshi_hub_ask_licence (self->url, self->token, plan, self->cancellable, NULL)
                            : NULL;
  g_autofree char *base = eshi_hub_dup_url (self->url);
  g_autofree char *size = g_format_size ((guint64) plan->n_bytes);
  const char *url = eshi_hub_licence_url (plan->licence);

  fprintf (stderr, _("%s (%s) has the licence %s.\n"), plan->repo, size,
           plan->licence != NULL ? plan->licence : "?");
  fprintf (stderr, "\n%s\n\n", eshi_hub_licence_summary (plan->licence));
  if (text != NULL)
    fprintf (stderr, "%s\n\n", text);
  if (url != NULL)
    fprintf (stderr, "%s\n", url);
  fprintf (stderr, "%s/%s\n", base, plan->repo);
}

static gboolean
ask_to_accept (void)
{
  char answer[16] = "";

  if (!isatty (STDIN_FILENO))
    {
      eshi_cli_complain (_("The licence must be accepted before the download; read it above and add --accept-license."));
      return FALSE;
    }
  fprintf (stderr, "%s ", _("Do you accept the licence? Type “yes”:"));
  if (fgets (answer, sizeof answer, stdin) != NULL && g_str_equal (g_strchomp (answer), "yes"))
    return TRUE;

  eshi_cli_complain (_("The licence was not accepted, so nothing was downloaded."));
  return FALSE;
}

/* Whether the licence was accepted, now or before. */
static gboolean
settle_licence (const Download *self,
                gboolean        accept,
                int            *status)
{
  g_autofree char *date = eshi_hub_licence_dup_date (self->repo);
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiHubPlan) plan = NULL;

  if (date != NULL)
    return TRUE;
  plan = eshi_hub_ask (self->url, self->token, self->repo, self->cancellable, &error);
  if (plan != NULL)
    {
      show_licence (self, plan);
      *status = ESHI_CLI_USAGE;
      if (!accept && !ask_to_accept ())
        return FALSE;
      if (eshi_hub_licence_accept (self->repo, plan->licence, &error))
        return TRUE;
    }
  *status = eshi_cli_fail (error);
  return FALSE;
}

/* --- the subcommands --------------------------------------------------------------------------------------------- */

/* (out) @token is (transfer full) and NULL where there is none. Complains itself. */
static gboolean
read_token (const char  *path,
            char       **token)
{
  g_autofree char *text = NULL;
  g_autofree char *shown = path != NULL ? g_filename_display_name (path) : NULL;
  g_autofree char *sentence = NULL;
  gsize n_bytes = 0;

  if (path == NULL)
    {
      *token = g_strdup (g_getenv ("HF_TOKEN"));
      return TRUE;
    }
  if (g_file_get_contents (path, &text, &n_bytes, NULL) && n_bytes <= MAX_TOKEN_BYTES && *g_strstrip (text) != '\0' &&
      g_str_is_ascii (text) && strpbrk (text, " \t\r\n") == NULL)
    {
      *token = g_steal_pointer (&text);
      return TRUE;
    }

  sentence = g_strdup_printf (_("The file “%s” holds no access token; write the token into it and nothing else."), shown);
  eshi_cli_complain (sentence);
  return FALSE;
}

int
eshi_cli_models_download (int    argc,
                          char **argv)
{
  g_autofree char *hub = NULL;
  g_autofree char *token_file = NULL;
  g_autofree char *token = NULL;
  gboolean accept = FALSE;
  const GOptionEntry entries[] = {
    { "hub", 0, 0, G_OPTION_ARG_FILENAME, &hub, N_("Address of the hub"), N_("URL") },
    { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &token_file,
      N_("File that holds the access token; $HF_TOKEN if left out"), N_("FILE") },
    { "accept-license", 0, 0, G_OPTION_ARG_NONE, &accept, N_("Accept the licence, which is shown first"), NULL },
    { NULL },
  };
  g_auto(GStrv) rest = NULL;
  g_autoptr(GCancellable) cancellable = g_cancellable_new ();
  Download download = { .cancellable = cancellable };
  int status = ESHI_CLI_USAGE;

  if (!eshi_cli_parse (argc, argv, "[OWNER/NAME]",
                       _("Downloads a model from a hub, rinna/japanese-stable-diffusion if none is named. Goes on with a "
                         "download that was broken off."),
                       entries, &rest) ||
      !read_token (token_file, &token))
    return ESHI_CLI_USAGE;

  download.url = hub;
  download.token = token;
  download.repo = rest[0] != NULL ? rest[0] : ESHI_HUB_RINNA;
  return settle_licence (&download, accept, &status) ? fetch (&download) : status;
}

/* The model of @models that @text is the path, the name or the repository of. Complains itself. */
static const EshiModelInfo *
find_model (GPtrArray  *models,
            const char *text)
{
  g_autofree char *whole = text != NULL ? g_canonicalize_filename (text, NULL) : NULL;
  g_autofree char *shown = text != NULL ? g_filename_display_name (text) : NULL;
  g_autofree char *sentence = NULL;

  for (guint i = 0; text != NULL && i < models->len; i++)
    {
      const EshiModelInfo *info = models->pdata[i];
      g_autofree char *origin = eshi_hub_dup_origin (info->path);

      if (g_str_equal (info->path, whole) || g_str_equal (info->name, text) || g_strcmp0 (origin, text) == 0)
        return info;
    }
  sentence = text != NULL
               ? g_strdup_printf (_("There is no model called “%s”; see “eshi-cli models”."), shown)
               : g_strdup (_("Say which model; see “eshi-cli models”."));
  eshi_cli_complain (sentence);
  return NULL;
}

int
eshi_cli_models_verify (int    argc,
                        char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(GError) error = NULL;
  const EshiModelInfo *info;
  guint n_files = 0;

  if (!eshi_cli_parse (argc, argv, N_("MODEL"),
                       _("Reads a downloaded model again and says whether it still is what the hub listed."), entries,
                       &rest))
    return ESHI_CLI_USAGE;

  models = eshi_model_list ();
  info = find_model (models, rest[0]);
  if (info == NULL)
    return ESHI_CLI_USAGE;
  if (!eshi_hub_verify (info->path, &n_files, NULL, &error))
    return eshi_cli_fail (error);
  printf (g_dngettext (GETTEXT_PACKAGE, "%s: %u file is as it was downloaded.\n",
                       "%s: %u files are as they were downloaded.\n", n_files),
          info->name, n_files);
  return ESHI_CLI_OK;
}

int
eshi_cli_models_remove (int    argc,
                        char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_auto(GStrv) rest = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(GFile) file = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *sentence = NULL;
  const EshiModelInfo *info;

  if (!eshi_cli_parse (argc, argv, N_("MODEL"), _("Moves a model to the trash."), entries, &rest))
    return ESHI_CLI_USAGE;

  models = eshi_model_list ();
  info = find_model (models, rest[0]);
  if (info == NULL)
    return ESHI_CLI_USAGE;
  if (info->embedded)
    {
      eshi_cli_complain (_("This model came with the program and stays with it; nothing was removed."));
      return ESHI_CLI_USAGE;
    }
  file = g_file_new_for_path (info->path);
  if (g_file_trash (file, NULL, &error))
    return ESHI_CLI_OK;

  sentence = g_strdup_printf (_("“%s” cannot be moved to the trash (%s); nothing was removed."), info->name,
                              error->message);
  eshi_cli_complain (sentence);
  return ESHI_CLI_FAILED;
}
