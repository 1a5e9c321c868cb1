/* SPDX-License-Identifier: Apache-2.0
 * map.h: the measured journey map: stages across, touchpoints down, people in between. Counts are distinct persons; what
 * each figure means: docs/map.md. The picture is drawn from JourneyMap by map_svg.h. */
#pragma once
#include "analysis/catalogue.h"

typedef struct { /* an experience of 0..100 with its 95 % interval; n 0: nobody was asked */
  double value, low, high;
  guint64 n;
} Score;

typedef struct {
  char *name, *label;
  guint64 persons; /* onward + still + left */
  double share;    /* of all persons on the map */
  guint64 onward, still, left, entered, returned;
  guint returned_from; /* the stage that most of `returned` came from; G_MAXUINT when none did */
  double median_ms;    /* from first touch here to first touch in a later stage; NAN when nobody went on */
  Score score;
} MapStage;

typedef struct {
  char *name, *label, *family;
  guint32 code;                           /* of derive.h's touchpoint, or map_fold.h's group */
  char **folded;                          /* the touchpoints that this row stands for; NULL when it is one */
  guint64 persons;                        /* distinct, over all stages */
  double credit, credit_low, credit_high; /* value of conversions by the chosen model, in currency units; NAN without */
} MapTouchpoint;

typedef struct {
  guint touchpoint, stage; /* indexes into the two above */
  guint64 persons, left;   /* left: of the stage's, those who touched this cell last in it */
  double share;            /* of the stage's persons */
  gint64 value;            /* millionths: conversions of the journeys that passed here */
  double median_ms;        /* to the next touch of the journey; NAN when none */
  Score score;
} MapCell;

typedef struct {
  guint from, to; /* indexes of cells */
  guint64 persons;
  double median_ms;
} MapMove;

typedef struct { /* a weak point: many or valuable persons leave here */
  guint cell;
  double left_share; /* of the cell's persons */
  gint64 value_lost; /* millionths: those who left times what a person of this stage brings on average */
} MapWeakness;

typedef struct {
  GArray *stages;      /* MapStage, in order */
  GArray *touchpoints; /* MapTouchpoint, by family, then persons, largest first */
  GArray *cells;       /* MapCell, by touchpoint, then stage; only those with persons */
  GArray *moves;       /* MapMove, most persons first, at most MAP_MOVES_MAX */
  GArray *weak;        /* MapWeakness, worst first, at most 3 */
  GArray *road;        /* guint: cells, from the largest start always the most frequent next step (map_story.h) */
  guint64 persons;
  guint n_codes;                                 /* that touchpoints' codes are below */
  gint64 value;                                  /* millionths of all conversions */
  double moves_shown;                            /* share of all moves into a later stage that `moves` holds */
  char *model;                                   /* of the credits, e.g. "markov" */
  char *lead;                                    /* the finding as a sentence, in `language` */
  char *language, *currency, *project, *filters; /* for the picture */
  Zone *zone;
  gint64 from_ms, to_ms; /* half-open; G_MININT64 and G_MAXINT64 when open */
  GArray *who;           /* person ids, NULL without --who */
} JourneyMap;

enum { MAP_MOVES_MAX = 2000, MAP_TOUCHPOINTS_MAX = 2000 };
enum { MAP_ROWS_UNFOLDED = 28, MAP_ROWS_FOLDED = 24 }; /* --rows auto: above the first, fold to the second */
enum { MAP_SCORES_MIN = 10 };                          /* fewer scores colour nothing and raise no arrow */

extern const Report map_report;
JourneyMap *journey_map_run(const Question *question, const Params *params, GError **error);
void journey_map_free(gpointer map);
/* What a picture asks for unless told otherwise: a large map folded. */
void map_picture_params(Params *params);
