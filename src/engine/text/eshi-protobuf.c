/* eshi-protobuf.c: see eshi-protobuf.h. Every length is checked against the bytes that are there.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-protobuf.h"

#include <string.h>

#define MAX_FIELD_NUMBER ((1u << 29) - 1)

static gboolean
read_varint (EshiProtobuf *self,
             guint64      *value)
{
  *value = 0;
  for (guint shift = 0; shift < 70; shift += 7)
    {
      guint8 byte;

      if (self->next == self->end)
        return FALSE;
      byte = *self->next++;
      if (shift == 63 && byte > 1)
        return FALSE;
      *value |= (guint64) (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
read_fixed (EshiProtobuf *self,
            guint         n_bytes,
            guint64      *value)
{
  if ((gsize) (self->end - self->next) < n_bytes)
    return FALSE;
  *value = 0;
  for (guint i = 0; i < n_bytes; i++)
    *value |= (guint64) self->next[i] << (8 * i);
  self->next += n_bytes;
  return TRUE;
}

static gboolean
read_bytes (EshiProtobuf *self,
            EshiProtobuf *bytes)
{
  guint64 length;

  if (!read_varint (self, &length) || length > (gsize) (self->end - self->next))
    return FALSE;
  bytes->next = self->next;
  bytes->end = self->next + length;
  self->next = bytes->end;
  return TRUE;
}

EshiProtobufResult
eshi_protobuf_next (EshiProtobuf      *self,
                    EshiProtobufField *field)
{
  guint64 tag;
  gboolean is_read = FALSE;

  if (self->next == self->end)
    return ESHI_PROTOBUF_END;
  if (!read_varint (self, &tag) || tag >> 3 == 0 || tag >> 3 > MAX_FIELD_NUMBER)
    return ESHI_PROTOBUF_DAMAGED;

  memset (field, 0, sizeof *field);
  field->number = (guint) (tag >> 3);
  switch (tag & 7)
    {
    case ESHI_PROTOBUF_VARINT:
      is_read = read_varint (self, &field->value);
      break;
    case ESHI_PROTOBUF_64_BIT:
      is_read = read_fixed (self, 8, &field->value);
      break;
    case ESHI_PROTOBUF_BYTES:
      is_read = read_bytes (self, &field->bytes);
      break;
    case ESHI_PROTOBUF_32_BIT:
      is_read = read_fixed (self, 4, &field->value);
      break;
    default:
      break;
    }
  if (!is_read)
    return ESHI_PROTOBUF_DAMAGED;
  field->type = (EshiProtobufType) (tag & 7);
  return ESHI_PROTOBUF_FIELD;
}

float
eshi_protobuf_as_float (const EshiProtobufField *field)
{
  guint32 bits = (guint32) field->value;
  float value;

  memcpy (&value, &bits, sizeof value);
  return value;
}
