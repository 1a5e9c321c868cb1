/* SPDX-License-Identifier: Apache-2.0
 * batch_format.h: the fixed parts of a batch, shared by its writer and its reader; drawn in batch.c. */
#pragma once
#include <glib.h>

enum { BATCH_VERSION = 1, BATCH_IDENTIFIER_PLAIN = 0x80 };
enum { BATCH_KINDS_PATTERN = 0xfe, BATCH_KINDS_MIXED = 0xff }; /* in the place of a ValueKind */

typedef struct {
  char magic[3]; /* "EtB" */
  guint8 version;
  guint32 size; /* of the whole blob */
  guint32 n;    /* events */
  guint32 n_sections;
  gint64 min_time_ms, max_time_ms;
  guint64 checksum; /* of the fields above and the section table */
} BatchHeader;

typedef enum { /* stored: never renumber */
  SECTION_FACTS = 1,
  SECTION_IDENTIFIERS,
  SECTION_CAMPAIGN,
  SECTION_ID,
  SECTION_CONTENT,
  SECTION_PROPERTY,
} SectionKind;

typedef struct {
  guint16 kind, key; /* SectionKind; the NAME_KEY code of a property */
  guint32 offset, size;
  guint32 check; /* lower half of the section's xxh3 */
} BatchSection;

typedef enum { PRESENT_ALL, PRESENT_BITMAP, PRESENT_LIST } Presence; /* stored */

G_STATIC_ASSERT(sizeof(BatchHeader) == 40);
G_STATIC_ASSERT(sizeof(BatchSection) == 16);
