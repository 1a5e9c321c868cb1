// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_story.h"
#include "analysis/derive.h"
#include "analysis/field.h"
#include "analysis/standing.h"

static const char *const state_names[] = {
    [JOURNEY_OPEN] = "open", [JOURNEY_CONVERTED] = "converted", [JOURNEY_ABANDONED] = "abandoned", [JOURNEY_SERVICE] = "service"};

static void clear_journey(gpointer data) {
  g_array_unref(((StoryJourney *)data)->moves);
}

static void clear_conversion(gpointer data) {
  g_free(((StoryConversion *)data)->order);
}

static const char *stage_name(const Question *question, guint8 stage) {
  return stage < question->project->stages->len ? ((const Stage *)question->project->stages->pdata[stage])->rule.name : NULL;
}

/* --- conversions ---------------------------------------------------------------------------------------------- */

/* The order's id as the goal's field says it on that event. */
static gboolean order_text(const Question *question, guint block, const Block *data, const Goal *goal, guint32 event, char **text,
                           GError **error) {
  *text = NULL;
  g_auto(FieldBlock) values = {0};
  g_autofree char *key = project_field_key(goal->order);
  g_autoptr(Field) field = field_new(question, key, error);
  if (!field)
    return FALSE;
  gboolean good = field_block(field, block, data, &values, error);
  if (good) {
    ColumnEntry entry = field_entry(field, &values, codes_at(&values.codes, event));
    *text = entry.kind == VALUE_NONE ? NULL : text_dup(entry.text);
  }
  return good;
}

static gboolean add_conversions(PersonStory *story, const Question *question, guint block, const Block *data,
                                const Derived *derived, guint32 place, GError **error) {
  for (guint32 c = derived->person_conversions[place]; c < derived->person_conversions[place + 1]; c++) {
    const Conversion *conversion = &derived->conversions[c];
    const Goal *goal = question->project->goals->pdata[conversion->goal];
    StoryConversion told = {goal->rule.name, conversion->time_ms, conversion->value, conversion->net_value, NULL};
    if (conversion->order && !order_text(question, block, data, goal, conversion->event, &told.order, error))
      return FALSE;
    g_array_append_val(story->conversions, told);
  }
  return TRUE;
}

/* --- journeys --------------------------------------------------------------------------------------------------- */

static void add_moves(StoryJourney *told, const Question *question, const Block *data, const Derived *derived, guint32 place,
                      guint32 journey) {
  guint8 stage = STAGE_NONE;
  for (guint32 e = data->person_start[place]; e < data->person_start[place + 1]; e++) {
    if (derived->event_journey[e] != journey + 1 || derived->event_stage[e] == stage)
      continue;
    stage = derived->event_stage[e];
    StoryMove move = {stage_name(question, stage), block_time_ms(data, e)};
    if (move.stage)
      g_array_append_val(told->moves, move);
  }
}

static void add_journeys(PersonStory *story, const Question *question, const Block *data, const Derived *derived, guint32 place) {
  for (guint32 j = derived->person_journeys[place]; j < derived->person_journeys[place + 1]; j++) {
    const Journey *journey = &derived->journeys[j];
    StoryJourney told = {.number = journey->number,
                         .state = state_names[journey->state],
                         .from_ms = journey->start_ms,
                         .to_ms = journey->end_ms,
                         .moves = g_array_new(FALSE, FALSE, sizeof(StoryMove))};
    add_moves(&told, question, data, derived, place, j);
    for (guint32 c = derived->person_conversions[place]; c < derived->person_conversions[place + 1]; c++)
      if (derived->conversions[c].journey == j) {
        told.value += derived->conversions[c].value;
        told.net_value += derived->conversions[c].net_value;
      }
    g_array_append_val(story->journeys, told);
    g_free(story->stage); /* the last one's holds */
    story->stage = g_strdup(stage_name(question, journey->stage));
  }
}

/* --- together ----------------------------------------------------------------------------------------------------- */

static gboolean stand(const Question *question, const char *field, guint block, const Block *data, guint32 place, char **name,
                      GError **error) {
  guint8 codes[BLOCK_PERSONS_MAX];
  g_autoptr(Standing) standing = standing_new(question, field, error);
  if (!standing || !standing_block(standing, block, data, codes, error))
    return FALSE;
  *name = codes[place] ? g_strdup(standing_name(standing, codes[place])) : NULL;
  return TRUE;
}

static gboolean tell(PersonStory *story, Derive *derive, DeriveScratch *scratch, const Question *question, guint block,
                     const Block *data, guint32 place, GError **error) {
  Derived derived;
  const Project *project = question->project;
  if (!derive_block(derive, scratch, block, data, &derived, error) ||
      !add_conversions(story, question, block, data, &derived, place, error))
    return FALSE;
  add_journeys(story, question, data, &derived, place);
  return (!project->relationships->len || stand(question, "relationship", block, data, place, &story->relationship, error)) &&
         (!project->personas->len || stand(question, "persona", block, data, place, &story->persona, error));
}

PersonStory *person_story_new(const Question *question, guint block, const Block *data, guint32 place, GError **error) {
  g_autoptr(PersonStory) story = g_new0(PersonStory, 1);
  story->journeys = g_array_new(FALSE, FALSE, sizeof(StoryJourney));
  story->conversions = g_array_new(FALSE, FALSE, sizeof(StoryConversion));
  g_array_set_clear_func(story->journeys, clear_journey);
  g_array_set_clear_func(story->conversions, clear_conversion);
  g_autoptr(Derive) derive = derive_new(question, error);
  if (!derive)
    return NULL;
  DeriveScratch *scratch = derive_scratch_new(derive);
  gboolean good = tell(story, derive, scratch, question, block, data, place, error);
  derive_scratch_free(scratch);
  return good ? g_steal_pointer(&story) : NULL;
}

void person_story_free(PersonStory *story) {
  if (!story)
    return;
  g_array_unref(story->journeys);
  g_array_unref(story->conversions);
  g_free(story->stage);
  g_free(story->relationship);
  g_free(story->persona);
  g_free(story);
}
