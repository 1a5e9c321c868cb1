/* SPDX-License-Identifier: Apache-2.0
 * person_story.h: what the project makes of one person's events: conversions, journeys with the way through the stages,
 * and where the person stands now. */
#pragma once
#include "analysis/question.h"

typedef struct {
  const char *stage; /* the project's name */
  gint64 at_ms;
} StoryMove;

typedef struct {
  guint32 number;
  const char *state; /* open, converted, abandoned, service */
  gint64 from_ms, to_ms;
  GArray *moves; /* of StoryMove: the stages it came to, in order */
  gint64 value, net_value;
} StoryJourney;

typedef struct {
  const char *goal;
  gint64 time_ms;
  gint64 value, net_value; /* millionths of the project's currency */
  char *order;             /* its id, NULL none */
} StoryConversion;

typedef struct {
  char *stage, *relationship, *persona; /* names in the project, NULL none */
  GArray *journeys;                     /* of StoryJourney, in order of beginning */
  GArray *conversions;                  /* of StoryConversion, in order of time */
} PersonStory;

/* `data` is a marked block (marks.h) and `place` the person's in it. The texts of project names live as long as the
 * question's project. Costs a walk over the block. */
PersonStory *person_story_new(const Question *question, guint block, const Block *data, guint32 place, GError **error);
void person_story_free(PersonStory *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonStory, person_story_free)
