/* SPDX-License-Identifier: Apache-2.0
 * clock.h: instants, durations, zones. An instant is int64 milliseconds since 1970 UTC.
 * The wall clock is read here only, and ETAPPE_NOW (an instant's text) replaces it. */
#pragma once
#include "base/text.h"

#define MS_SECOND G_GINT64_CONSTANT(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)
#define MS_WEEK (7 * MS_DAY)

/* Events outside [1970-01-02, 2106-01-01) are refused as impossible (1900, 2200, a lost unit); any two
 * that remain are less than 2^32 seconds apart, which the index relies on. */
#define TIME_MS_MIN MS_DAY
#define TIME_MS_MAX G_GINT64_CONSTANT(4291747200000)

typedef struct Zone Zone; /* a time zone with a table of its offsets; immutable once built */

Zone *zone_new(const char *name, GError **error); /* IANA name, "UTC", "+01:00" */
Zone *zone_copy(const Zone *zone);                /* another reference; any thread may use it */
void zone_free(Zone *zone);                       /* gives back one reference */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Zone, zone_free)
const char *zone_name(const Zone *zone);

/* Local civil time to an instant: in a gap forward, in an overlap the earlier instant. The date exists. */
gint64 zone_instant(const Zone *zone, int year, int month, int day, gint64 ms_of_day);
gint64 zone_day_start(const Zone *zone, gint64 instant_ms);           /* of the local day it lies in */
gint64 zone_day_add(const Zone *zone, gint64 day_start_ms, int days); /* the start of another day */
int zone_offset_s(const Zone *zone, gint64 instant_ms);

/* Reads an instant as files and the wire write it: ISO 8601 and RFC 3339 (with or without T, zone,
 * fraction), `2025-12-24`, `24.12.2025 18:30[:00]`, `24/Dec/2025:18:30:00 +0100`, epoch seconds (10
 * digits, optional fraction), milliseconds (13), microseconds (16). A text without zone is local to
 * `zone` (NULL is UTC). About 35 ns for ISO. On failure *why points at a static sentence. */
gboolean clock_parse(Text text, const Zone *zone, gint64 *instant_ms, const char **why);

/* `7d`, `30m`, `1500ms`, `12h`, `2w`; units ms s m h d w. Positive, at most 100 years. */
gboolean duration_parse(const char *text, gint64 *duration_ms, GError **error);
char *duration_text(gint64 duration_ms); /* "7d", "1d 12h", "20 s": for people; caller frees */

/* ERROR_USAGE when ETAPPE_NOW is set to no instant; main asks once, as clock_now_ms() cannot refuse. */
gboolean clock_check(GError **error);
gint64 clock_now_ms(void);
char *clock_text(gint64 instant_ms); /* 2025-12-24T17:30:00.000Z; caller frees */
