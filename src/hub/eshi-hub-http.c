/* eshi-hub-http.c: asking a hub over HTTP, and what its refusals mean in words.
 *
 * Proxies are those of the desktop, as GProxyResolver knows them. Redirects are followed here and not by libsoup, so
 * that the access token stays with the hub: files come from another host, which it must not reach. Nothing is
 * compressed on the way, because a broken download could not go on in the middle.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-hub-http-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "eshi-hub-error.h"
#include "eshi-hub-fetch.h"

#define MAX_REDIRECTS 10
#define MAX_JSON_BYTES (16 << 20)
#define MAX_WAIT_S 600
#define TIMEOUT_S 30
#define RETRY_MS 1000

/* --- the connection ---------------------------------------------------------------------------------------------- */

static guint
get_number (const char *variable,
            guint       otherwise)
{
  const char *text = g_getenv (variable);
  guint64 number = 0;

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 1, 600000, &number, NULL) ? (guint) number : otherwise;
}

/* Only what was meant to be spoken to: a web address without a name and password in it. */
static GUri *
parse_base (const char  *url,
            GError     **error)
{
  g_autoptr(GUri) uri = g_uri_parse (url, SOUP_HTTP_URI_FLAGS, NULL);
  g_autofree char *valid = NULL;

  if (uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
      g_uri_get_userinfo (uri) == NULL && g_uri_get_query (uri) == NULL &&
      (g_str_equal (g_uri_get_scheme (uri), "https") || g_str_equal (g_uri_get_scheme (uri), "http")))
    return g_steal_pointer (&uri);

  valid = g_utf8_make_valid (url, -1);
  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ARGUMENT,
               _("“%s” is no address of a hub; write it like https://huggingface.co."), valid);
  return NULL;
}

char *
eshi_hub_dup_url (const char *url)
{
  const char *variable = g_getenv ("ESHI_HUB_URL");
  char *whole;

  if (url == NULL || *url == '\0')
    url = variable != NULL && *variable != '\0' ? variable : ESHI_HUB_DEFAULT_URL;
  whole = g_strdup (url);
  while (g_str_has_suffix (whole, "/"))
    whole[strlen (whole) - 1] = '\0';
  return whole;
}

EshiHub *
_eshi_hub_new (const char  *url,
               const char  *token,
               GError     **error)
{
  g_autofree char *base = eshi_hub_dup_url (url);
  GUri *uri = parse_base (base, error);
  EshiHub *self;

  if (uri == NULL)
    return NULL;

  self = g_new0 (EshiHub, 1);
  self->url = g_steal_pointer (&base);
  self->uri = uri;
  self->token = token != NULL && *token != '\0' ? g_strdup (token) : NULL;
  self->retry_ms = get_number ("ESHI_HUB_RETRY_MS", RETRY_MS);
  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
  self->session = soup_session_new_with_options ("user-agent", "eshi/" ESHI_VERSION,
                                                 "timeout", get_number ("ESHI_HUB_TIMEOUT_S", TIMEOUT_S),
                                                 NULL);
  soup_session_remove_feature_by_type (self->session, SOUP_TYPE_CONTENT_DECODER);
  return self;
}

void
_eshi_hub_free (EshiHub *self)
{
  g_return_if_fail (self != NULL);

  g_clear_object (&self->session);
  g_main_context_pop_thread_default (self->context);
  g_main_context_unref (self->context);
  g_clear_pointer (&self->uri, g_uri_unref);
  g_free (self->url);
  g_free (self->token);
  g_free (self);
}

/* --- refusals in words ------------------------------------------------------------------------------------------- */

static void
set_token_error (EshiHub     *self,
                 const char  *about,
                 const char  *code,
                 GError     **error)
{
  if (g_strcmp0 (code, "RepoNotFound") == 0)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NOT_FOUND,
                 _("The hub knows no “%s”, or keeps it from people without the right access token; check the name and "
                   "the token."),
                 about);
  else if (self->token == NULL)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_TOKEN,
                 _("The hub gives “%s” only to people with an access token; make one that may read on "
                   "%s/settings/tokens and enter it."),
                 about, self->url);
  else
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_TOKEN,
                 _("The hub does not accept the access token; look on %s/settings/tokens whether it is whole and still "
                   "valid, and enter it again."),
                 self->url);
}

/* @about is "owner/name", perhaps with the path of a file behind. */
static void
set_licence_error (EshiHub     *self,
                   const char  *about,
                   GError     **error)
{
  g_auto(GStrv) names = g_strsplit (about, "/", 3);

  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_LICENCE,
               _("The hub gives the model only to people who accepted its licence there; open %s/%s/%s, accept it with "
                 "the account of your access token, and try again. A fine-grained token must also be allowed to read "
                 "gated repositories."),
               self->url, names[0], names[0] != NULL && names[1] != NULL ? names[1] : "");
}

/* Seconds or a date, as RFC 9110 has it. */
static gint64
get_retry_after (SoupMessage *message)
{
  const char *text = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  g_autoptr(GDateTime) date = NULL;
  g_autoptr(GDateTime) now = NULL;
  guint64 seconds = 0;

  if (text == NULL)
    return 0;
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT32, &seconds, NULL))
    return (gint64) seconds;
  date = soup_date_time_new_from_http_string (text);
  if (date == NULL)
    return 0;
  now = g_date_time_new_now_utc ();
  return MAX (0, g_date_time_difference (date, now) / G_TIME_SPAN_SECOND + 1);
}

/* The error that the answer @message is, if it is one. */
static gboolean
check_status (EshiHub      *self,
              SoupMessage  *message,
              const char   *about,
              gboolean      ranged,
              GError      **error)
{
  guint status = soup_message_get_status (message);
  const char *code = soup_message_headers_get_one (soup_message_get_response_headers (message), "X-Error-Code");

  if (status == SOUP_STATUS_OK || (ranged && (status == SOUP_STATUS_PARTIAL_CONTENT ||
                                              status == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE)))
    return TRUE;

  self->retry_after_s = get_retry_after (message);
  if (status == SOUP_STATUS_FORBIDDEN || (status == SOUP_STATUS_UNAUTHORIZED && self->token != NULL &&
                                          g_strcmp0 (code, "GatedRepo") == 0))
    set_licence_error (self, about, error);
  else if (status == SOUP_STATUS_UNAUTHORIZED)
    set_token_error (self, about, code, error);
  else if (status == SOUP_STATUS_NOT_FOUND)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_NOT_FOUND,
                 _("There is no “%s” on the hub; check the name."), about);
  else if (status == 429)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_BUSY,
                 _("The hub has had too many requests from here for now; what has arrived is kept, so go on with the "
                   "download in some minutes."));
  else if (status >= 500)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_SERVER,
                 _("The hub has a fault of its own (%u); what has arrived is kept, so go on with the download later."),
                 status);
  else
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ANSWER,
                 _("The hub answered about “%s” in an unknown way (%u); try again later."), about, status);
  return FALSE;
}

void
_eshi_hub_propagate (EshiHub   *self,
                     GError   **destination,
                     GError    *error,
                     gboolean   begun)
{
  g_autoptr(GError) given = error;

  if (g_error_matches (given, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (destination, g_steal_pointer (&given));
  else if (given->domain == G_TLS_ERROR)
    g_set_error (destination, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ANSWER,
                 _("The connection to “%s” is not safe (%s), so nothing was fetched; check the computer's clock and the "
                   "network, and that the package glib-networking is installed."),
                 self->url, given->message);
  else if (begun)
    g_set_error (destination, ESHI_HUB_ERROR, ESHI_HUB_ERROR_CUT,
                 _("The connection broke again and again (%s); what has arrived is kept, so go on with the download when "
                   "the network is steady."),
                 given->message);
  else
    g_set_error (destination, ESHI_HUB_ERROR, ESHI_HUB_ERROR_OFFLINE,
                 _("“%s” cannot be reached (%s); what has arrived is kept. Check the network and go on with the download."),
                 self->url, given->message);
}

/* --- asking ------------------------------------------------------------------------------------------------------ */

static gboolean
is_home (EshiHub *self,
         GUri    *uri)
{
  return g_ascii_strcasecmp (g_uri_get_host (uri), g_uri_get_host (self->uri)) == 0 &&
         g_uri_get_port (uri) == g_uri_get_port (self->uri) &&
         g_str_equal (g_uri_get_scheme (uri), g_uri_get_scheme (self->uri));
}

static SoupMessage *
build_message (EshiHub    *self,
               GUri       *uri,
               goffset     offset,
               const char *etag)
{
  SoupMessage *message = soup_message_new_from_uri (SOUP_METHOD_GET, uri);
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *bearer = NULL;

  soup_message_set_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  if (self->token != NULL && is_home (self, uri))
    {
      bearer = g_strconcat ("Bearer ", self->token, NULL);
      soup_message_headers_replace (headers, "Authorization", bearer);
    }
  if (offset > 0)
    soup_message_headers_set_range (headers, offset, -1);
  if (offset > 0 && etag != NULL)
    soup_message_headers_replace (headers, "If-Range", etag);
  return message;
}

/* (transfer full): where the answer @message to @uri sends on to. */
static GUri *
follow (GUri         *uri,
        SoupMessage  *message,
        GError      **error)
{
  const char *location = soup_message_headers_get_one (soup_message_get_response_headers (message), "Location");
  g_autoptr(GUri) target = location != NULL ? g_uri_parse_relative (uri, location, SOUP_HTTP_URI_FLAGS, NULL) : NULL;
  gboolean web = target != NULL && g_uri_get_host (target) != NULL &&
                 (g_str_equal (g_uri_get_scheme (target), "https") || g_str_equal (g_uri_get_scheme (target), "http"));

  if (web && (g_str_equal (g_uri_get_scheme (target), "https") || g_str_equal (g_uri_get_scheme (uri), "http")))
    return g_steal_pointer (&target);

  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_REDIRECT,
               _("The hub sends the download to an address without protection (%s), so nothing was fetched from there; "
                 "try again later."),
               location != NULL ? location : "");
  return NULL;
}

static gboolean
is_redirect (SoupMessage *message)
{
  guint status = soup_message_get_status (message);

  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

GInputStream *
_eshi_hub_get (EshiHub       *self,
               const char    *path,
               const char    *about,
               goffset        offset,
               const char    *etag,
               SoupMessage  **message,
               GCancellable  *cancellable,
               GError       **error)
{
  g_autofree char *whole = g_strconcat (self->url, path, NULL);
  g_autoptr(GUri) uri = g_uri_parse (whole, SOUP_HTTP_URI_FLAGS, error);

  self->retry_after_s = 0;
  for (int i = 0; uri != NULL && i <= MAX_REDIRECTS; i++)
    {
      g_autoptr(SoupMessage) asked = build_message (self, uri, offset, etag);
      GError *failure = NULL;
      g_autoptr(GInputStream) body = soup_session_send (self->session, asked, cancellable, &failure);
      GUri *next;

      if (body == NULL)
        {
          _eshi_hub_propagate (self, error, failure, FALSE);
          return NULL;
        }
      if (!is_redirect (asked))
        {
          if (!check_status (self, asked, about, offset > 0, error))
            return NULL;
          *message = g_steal_pointer (&asked);
          return g_steal_pointer (&body);
        }
      next = follow (uri, asked, error);
      g_clear_pointer (&uri, g_uri_unref);
      uri = next;
    }

  if (uri != NULL)
    g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_REDIRECT,
                 _("The hub sends the download for “%s” from one address to the next without end; try again later."),
                 about);
  return NULL;
}

static JsonNode *
parse (GInputStream  *body,
       const char    *about,
       EshiHub       *self,
       GCancellable  *cancellable,
       GError       **error)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autofree char *text = g_malloc (MAX_JSON_BYTES);
  gsize n_bytes = 0;
  GError *failure = NULL;

  if (!g_input_stream_read_all (body, text, MAX_JSON_BYTES, &n_bytes, cancellable, &failure))
    {
      _eshi_hub_propagate (self, error, failure, TRUE);
      return NULL;
    }
  if (n_bytes < MAX_JSON_BYTES && json_parser_load_from_data (parser, text, (gssize) n_bytes, NULL) &&
      json_parser_get_root (parser) != NULL)
    return json_node_copy (json_parser_get_root (parser));

  g_set_error (error, ESHI_HUB_ERROR, ESHI_HUB_ERROR_ANSWER,
               _("What the hub says about “%s” cannot be understood; something in between may want you to log in to the "
                 "network first, or the address is not a hub's."),
               about);
  return NULL;
}

JsonNode *
_eshi_hub_get_json (EshiHub       *self,
                    const char    *path,
                    const char    *about,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr(SoupMessage) message = NULL;
  g_autoptr(GInputStream) body = _eshi_hub_get (self, path, about, 0, NULL, &message, cancellable, error);

  return body != NULL ? parse (body, about, self, cancellable, error) : NULL;
}

/* --- waiting ----------------------------------------------------------------------------------------------------- */

double
_eshi_hub_delay (const EshiHub *self,
                 guint          n_tries)
{
  double own = self->retry_ms / 1000.0 * (double) (1u << MIN (n_tries - 1, 6));

  return CLAMP ((double) self->retry_after_s, own, MAX_WAIT_S);
}

gboolean
_eshi_hub_sleep (double         seconds,
                 GCancellable  *cancellable,
                 GError       **error)
{
  GPollFD fd = { -1, 0, 0 };

  if (g_cancellable_make_pollfd (cancellable, &fd))
    {
      g_poll (&fd, 1, (int) (seconds * 1000.0));
      g_cancellable_release_fd (cancellable);
    }
  else
    g_usleep ((gulong) (seconds * G_USEC_PER_SEC));
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}
