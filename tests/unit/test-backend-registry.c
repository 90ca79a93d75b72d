/* test-backend-registry.c: which backend is chosen, and that none slips in for another.
 *
 * The registry finds out about each backend once per process, so each case runs in a process of its own.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "eshi-backend-registry.h"

/* Runs the rest of the case in a child with @backend as $ESHI_BACKEND, and the odd plugin @plugin (nullable) as
 * libeshi-cuda.so. */
static gboolean
in_child (const char *plugin,
          const char *backend)
{
  g_autofree char *folder = NULL;
  g_autofree char *link = NULL;

  if (!g_test_subprocess ())
    {
      folder = g_dir_make_tmp ("eshi-test-XXXXXX", NULL);
      link = g_build_filename (folder, "libeshi-cuda.so", NULL);
      if (plugin != NULL)
        {
          g_autofree char *built = g_test_build_filename (G_TEST_BUILT, "unit", plugin, NULL);

          g_assert_cmpint (symlink (built, link), ==, 0);
        }
      g_setenv ("ESHI_TEST_PLUGINS", folder, TRUE);
      g_test_trap_subprocess (NULL, 0, 0);
      g_unlink (link);
      g_rmdir (folder);
      g_test_trap_assert_passed ();
      return FALSE;
    }

  folder = g_strdup (g_getenv ("ESHI_TEST_PLUGINS"));
  g_setenv ("ESHI_PLUGIN_DIR", folder, TRUE);
  if (backend != NULL)
    g_setenv ("ESHI_BACKEND", backend, TRUE);
  else
    g_unsetenv ("ESHI_BACKEND");

  return TRUE;
}

static void
assert_opens (const char *name,
              const char *expected)
{
  EshiBackendOptions options = { 0 };
  g_autoptr(GError) error = NULL;
  EshiBackend *backend = _eshi_backend_registry_open (name, &options, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (backend->klass->name, ==, expected);
  _eshi_backend_close (backend);
}

static void
assert_refuses (const char *name,
                int         code,
                const char *word)
{
  EshiBackendOptions options = { 0 };
  g_autoptr(GError) error = NULL;

  g_assert_null (_eshi_backend_registry_open (name, &options, &error));
  g_assert_error (error, ESHI_ERROR, code);
  g_assert_nonnull (strstr (error->message, word));
  g_assert_true (g_str_has_suffix (error->message, "."));
}

static void
assert_describes (const char *line)
{
  g_autofree char *text = _eshi_backend_registry_describe ();

  if (strstr (text, line) == NULL)
    g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, line));
}

static void
test_ref (void)
{
  if (!in_child (NULL, NULL))
    return;

  assert_opens ("ref", "ref");
  assert_refuses ("cuda", ESHI_ERROR_UNSUPPORTED, "libeshi-cuda.so is not installed");
}

static void
test_unknown (void)
{
  if (!in_child (NULL, "nonsense"))
    return;

  assert_refuses (NULL, ESHI_ERROR_INVALID_ARGUMENT, "nonsense");
  assert_refuses ("Ref", ESHI_ERROR_INVALID_ARGUMENT, "Ref");
  assert_opens ("ref", "ref");
  assert_describes ("  ref   CPU");
}

static void
test_forced (void)
{
  if (!in_child (NULL, "ref"))
    return;

  assert_opens (NULL, "ref");
  assert_describes ("* ref");
  assert_describes ("  cuda  The plugin libeshi-cuda.so is not installed.");
}

/* No other backend slips in for the one in $ESHI_BACKEND. */
static void
test_no_fallback (void)
{
  if (!in_child ("odd-3.so", "cuda"))
    return;

  assert_refuses (NULL, ESHI_ERROR_UNSUPPORTED, "No odd device was found.");
}

static void
test_older_abi (void)
{
  if (!in_child ("odd-0.so", NULL))
    return;

  assert_refuses ("cuda", ESHI_ERROR_UNSUPPORTED, "another version");
}

static void
test_other_name (void)
{
  if (!in_child ("odd-1.so", NULL))
    return;

  assert_refuses ("cuda", ESHI_ERROR_UNSUPPORTED, "another version");
}

static void
test_no_symbol (void)
{
  if (!in_child ("odd-2.so", NULL))
    return;

  assert_refuses ("cuda", ESHI_ERROR_UNSUPPORTED, "another version");
}

/* The best one comes first. */
static void
test_best_first (void)
{
  if (!in_child ("odd-4.so", NULL))
    return;

  assert_describes ("* cuda  Odd device\n");
  assert_describes ("\n  ref   CPU");
}

/* What the user has set in the environment stays. */
static void
test_environment (void)
{
  if (!in_child (NULL, NULL))
    return;

  g_setenv ("GOMP_SPINCOUNT", "77", TRUE);
  _eshi_backend_registry_init ();
  g_assert_cmpstr (g_getenv ("GOMP_SPINCOUNT"), ==, "77");
  g_unsetenv ("GOMP_SPINCOUNT");
  g_setenv ("OMP_WAIT_POLICY", "active", TRUE);
  _eshi_backend_registry_init ();
  g_assert_null (g_getenv ("GOMP_SPINCOUNT"));
  g_unsetenv ("OMP_WAIT_POLICY");
  _eshi_backend_registry_init ();
  g_assert_nonnull (g_getenv ("GOMP_SPINCOUNT"));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/eshi/engine/registry/ref", test_ref);
  g_test_add_func ("/eshi/engine/registry/unknown", test_unknown);
  g_test_add_func ("/eshi/engine/registry/forced", test_forced);
  g_test_add_func ("/eshi/engine/registry/no-fallback", test_no_fallback);
  g_test_add_func ("/eshi/engine/registry/older-abi", test_older_abi);
  g_test_add_func ("/eshi/engine/registry/other-name", test_other_name);
  g_test_add_func ("/eshi/engine/registry/no-symbol", test_no_symbol);
  g_test_add_func ("/eshi/engine/registry/best-first", test_best_first);
  g_test_add_func ("/eshi/engine/registry/environment", test_environment);

  return g_test_run ();
}
