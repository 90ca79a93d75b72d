/* main.c: where the desktop program begins.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-application.h"

#include <glib/gi18n-lib.h>
#include <locale.h>

/* Whoever asks for drawing by cairo has no use for OpenGL, whose drivers take longer to load than anything else here,
 * most of all those that compute on the processor. */
static void
skip_unused_gl (void)
{
  if (g_strcmp0 (g_getenv ("GSK_RENDERER"), "cairo") == 0)
    g_setenv ("GDK_DEBUG", "gl-disable", FALSE);
}

int
main (int   argc,
      char *argv[])
{
  const char *localedir = g_getenv ("ESHI_LOCALEDIR");
  g_autoptr(EshiApplication) application = NULL;

  skip_unused_gl ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, localedir != NULL ? localedir : ESHI_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_application_name (_("Eshi"));

  application = eshi_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
