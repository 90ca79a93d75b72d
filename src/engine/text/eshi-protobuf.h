/* eshi-protobuf.h: reads the fields of a protocol buffer message, one after the other, without trusting it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes of a message not yet read; borrowed. */
typedef struct
{
  const guint8 *next;
  const guint8 *end;
} EshiProtobuf;

typedef enum
{
  ESHI_PROTOBUF_VARINT = 0,
  ESHI_PROTOBUF_64_BIT = 1,
  ESHI_PROTOBUF_BYTES = 2,
  ESHI_PROTOBUF_32_BIT = 5,
} EshiProtobufType;

typedef struct
{
  guint            number;
  EshiProtobufType type;
  guint64          value; /* VARINT, 64_BIT, 32_BIT */
  EshiProtobuf     bytes; /* BYTES */
} EshiProtobufField;

typedef enum
{
  ESHI_PROTOBUF_FIELD,
  ESHI_PROTOBUF_END,
  ESHI_PROTOBUF_DAMAGED,
} EshiProtobufResult;

/* Reads the next field of @self into @field. Groups, which no file of ours has, count as damage. */
EshiProtobufResult eshi_protobuf_next     (EshiProtobuf            *self,
                                           EshiProtobufField       *field);

/* The value of a 32_BIT field as the float it is. */
float              eshi_protobuf_as_float (const EshiProtobufField *field);

G_END_DECLS
