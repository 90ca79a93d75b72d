/* eshi-hub-licence.c: accepted licences, and what the usual one says.
 *
 * The summary replaces no licence; it always stands beside the address of the text itself.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-licence.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#define OPENRAIL_M "creativeml-openrail-m"

static char *
get_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "eshi", "licences", NULL);
}

static GKeyFile *
load (void)
{
  g_autofree char *path = get_path ();
  GKeyFile *file = g_key_file_new ();

  g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS, NULL);
  return file;
}

char *
eshi_hub_licence_dup_date (const char *repo)
{
  g_autoptr(GKeyFile) file = load ();

  return g_key_file_get_string (file, repo, "accepted", NULL);
}

gboolean
eshi_hub_licence_accept (const char  *repo,
                         const char  *name,
                         GError     **error)
{
  g_autoptr(GKeyFile) file = load ();
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *date = g_date_time_format_iso8601 (now);
  g_autofree char *path = get_path ();
  g_autofree char *folder = g_path_get_dirname (path);

  g_key_file_set_string (file, repo, "accepted", date);
  g_key_file_set_string (file, repo, "licence", name != NULL ? name : "");
  if (g_mkdir_with_parents (folder, 0700) == 0)
    return g_key_file_save_to_file (file, path, error);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno),
               _("The folder “%s” for settings cannot be made: %s."), folder, g_strerror (errno));
  return FALSE;
}

const char *
eshi_hub_licence_summary (const char *name)
{
  if (g_strcmp0 (name, OPENRAIL_M) != 0)
    return _("The model has a licence of its own; read it on the model's page on the hub before you accept it.");

  return _("You may use the model, its copies and what you change of it free of charge, also for work.\n"
           "The pictures that you paint are yours, and you answer for them.\n"
           "You may not use it to break the law, to harm or exploit minors, to spread falsehoods in order to harm, to "
           "insult or discriminate against people, to publish others' private data, or for medical advice and decisions "
           "of justice.\n"
           "Whoever gets the model from you gets it with the same licence and the same limits.");
}

const char *
eshi_hub_licence_url (const char *name)
{
  return g_strcmp0 (name, OPENRAIL_M) == 0 ? "https://huggingface.co/spaces/CompVis/stable-diffusion-license" : NULL;
}
