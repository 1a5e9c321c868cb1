/* SPDX-License-Identifier: Apache-2.0
 * map_words.h: what the journey map says, in German and English. Texts that are built are the caller's. */
#pragma once
#include "analysis/map.h"
#include "base/wording.h"

typedef enum {
  SAY_LEAVE,
  SAY_COME_BACK,
  SAY_BAND,
  SAY_BAND_THICKNESS,
  SAY_BAND_HEIGHT,
  SAY_BAND_HOLLOW,
  SAY_GOOD,
  SAY_FAIR,
  SAY_KEY_BAR,
  SAY_KEY_SCORE,
  SAY_KEY_UNRATED,
  SAY_KEY_STRAND,
  SAY_KEY_ROAD,
  SAY_KEY_WEAK,
  SAY_CREDIT,
  SAY_INTERVAL,
  SAY_COMMAND,
  SAY_FILTER,
  SAYINGS
} Saying;

const char *map_say(Language language, Saying saying);
/* NULL colour and label for a family of the project's own; then its name decides. */
const char *map_family_colour(const char *family);
const char *map_family_label(Language language, const char *family);

char *map_weak_text(const JourneyMap *map, Language language, guint weak);        /* of map->weak */
char *map_about_text(const JourneyMap *map, Language language);                   /* project, period, persons, filters */
char *map_share_text(const MapCell *cell, Language language);                     /* 80 % der Phase */
char *map_left_text(const MapCell *cell, Language language);                      /* 38 % gehen */
char *map_score_text(const Score *score, Language language);                      /* ±2, n 812 */
char *map_credit_head(const JourneyMap *map, Language language);                  /* Markov, 95-%-Intervall */
char *map_stage_left_text(const JourneyMap *map, Language language, guint stage); /* gehen, 42 % */

gboolean score_rated(const Score *score); /* enough scores to say something */
/* 0 poor to 4 good. */
guint score_class(const Score *score);
