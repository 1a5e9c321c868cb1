/* SPDX-License-Identifier: Apache-2.0
 * map_layout.h: where everything of the journey map stands, in px, apart from how it is drawn. One computation for every
 * picture of it; a reader of the numbers needs no font.
 *
 *   labels    stage: (what is left) / stages          value 128
 *   |--------|==========|~gutter 62~|==========|~~~~~|==========|--------|
 *
 * From top to bottom: what is shown, the finding, the weak points, the stages' names, the band of people, where they left,
 * the rows by family, the key. Rows: to 6 touchpoints 84 px with all numbers, to 12: 40, more: 20, or 24 where A3 has room. */
#pragma once
#include "analysis/map.h"
#include "base/json_out.h"
#include "base/wording.h"

typedef struct { /* a stage */
  double x, end;
  double centre, thickness;            /* of the band here */
  double onward, still, left, entered; /* thickness of its parts at the end, and of those who came in here */
  gboolean rated;                      /* its score stands at `centre` */
  double score_y;                      /* baseline of the score above the band */
  double left_x, left_width;           /* text of those who left, below the band */
} MapColumn;

typedef struct { /* a touchpoint */
  double y;      /* of its rail: the middle of its bars */
  double top, bottom;
} MapRow;

typedef struct { /* a family: rows begin..end-1 */
  guint begin, end;
  double top, bottom;
} MapGroup;

typedef struct {          /* a cell */
  double x, width, solid; /* the bar; solid: those who went on */
  double count_x, mark_x; /* digits; arrow with score, where there is one */
  double disc_x, end;     /* middle of the number of a weak point; where all of it ends */
  guint weak;             /* 1.. or 0 */
  int mark;               /* -1 poor, 1 good, 0 nothing to say */
  gboolean road;
} MapBox;

typedef struct { /* a move that is drawn: along the rail to `bend`, then to the next axis */
  guint from, to;
  double start, bend, end, y1, y2, width;
} MapStrand;

typedef struct { /* the largest return: x1,y1 up to `lane`, over and down to x2,y2 */
  gboolean any;
  guint stage;
  double x1, y1, lane, x2, y2;
} MapArc;

typedef struct {
  Language language;
  double width, height, margin, inner, labels, label_x;
  double gutter, stage_width, row_height, bar, bar_full; /* bar_full: the bar of a whole stage */
  double about_y, lead_y, weak_y, names_y;               /* baselines */
  double band_top, band_bottom, fair_y, good_y, left_y;
  double rows_top, rows_bottom, axis_x, axis_room, key_y;
  gboolean scored;     /* any stage has enough scores: the band's height means something */
  double strand_share; /* of all moves into the next stage, those drawn; NAN without any */
  double credit_most;  /* at the end of axis_room */
  GArray *columns;     /* MapColumn per stage */
  GArray *rows;        /* MapRow per touchpoint */
  GArray *groups;      /* MapGroup */
  GArray *boxes;       /* MapBox per cell */
  GArray *strands;     /* MapStrand */
  MapArc arc;
} MapLayout;

MapLayout *map_layout_new(const JourneyMap *map);
void map_layout_free(MapLayout *layout);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MapLayout, map_layout_free)
/* As an object; stages, touchpoints and cells by their names. */
void map_layout_json(const MapLayout *layout, const JourneyMap *map, JsonOut *out);
