/* SPDX-License-Identifier: Apache-2.0
 * Relationships and personas are lists of conditions on persons; stages come from the person's journeys, drawn by
 * derive.h. Its scratch memory is large, so the few that work at once are kept for the next block. */
#include "analysis/standing.h"
#include "analysis/bits.h"
#include "analysis/consents.h"
#include "analysis/derive.h"
#include "analysis/filter.h"
#include "base/error.h"
#include "wire/purpose.h"
#include <pthread.h>

enum { RULES_LIMIT = 254 };

struct Standing {
  GPtrArray *names;     /* of char*, by code; 0 is "" */
  GPtrArray *rules;     /* of Filter*, by code - 1; NULL holds for nobody; empty for stages */
  gboolean first_wins;  /* persona */
  Derive *derive;       /* stage */
  Consents *consents;   /* consent.PURPOSE */
  pthread_mutex_t lock; /* of the next */
  GPtrArray *scratches; /* of DeriveScratch*, idle */
};

static Standing *standing_empty(void) {
  Standing *standing = g_new0(Standing, 1);
  standing->names = g_ptr_array_new_with_free_func(g_free);
  standing->rules = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  standing->scratches = g_ptr_array_new_with_free_func((GDestroyNotify)derive_scratch_free);
  pthread_mutex_init(&standing->lock, NULL);
  g_ptr_array_add(standing->names, g_strdup(""));
  return standing;
}

static gboolean add_rules(Standing *standing, const Question *question, const GPtrArray *rules, GError **error) {
  for (guint i = 0; i < rules->len; i++) {
    const Rule *rule = rules->pdata[i];
    Filter *filter = rule->when ? filter_new(question, rule->when, error) : NULL;
    if (rule->when && !filter) {
      g_prefix_error(error, "\"%s\" of the project file: ", rule->name);
      return FALSE;
    }
    g_ptr_array_add(standing->names, g_strdup(rule->name));
    g_ptr_array_add(standing->rules, filter);
  }
  return TRUE;
}

static gboolean add_stages(Standing *standing, const Question *question, GError **error) {
  for (guint i = 0; i < question->project->stages->len; i++) {
    const Stage *stage = question->project->stages->pdata[i];
    g_ptr_array_add(standing->names, g_strdup(stage->rule.name));
  }
  standing->derive = derive_new(question, error);
  if (standing->derive)
    derive_without_touchpoints(standing->derive);
  return standing->derive != NULL;
}

static Standing *consent_standing(const Question *question, const char *purpose, GError **error) {
  if (!purpose_is_known(text_of(purpose))) {
    error_set(error, ERROR_INVALID, "there is no purpose \"%s\" to consent to\nhint: purposes are " PURPOSES_KNOWN, purpose);
    return NULL;
  }
  g_autoptr(Standing) standing = standing_empty();
  g_ptr_array_add(standing->names, g_strdup("true")); /* CONSENTS_GRANTED */
  g_ptr_array_add(standing->names, g_strdup("false"));
  standing->consents = consents_new(question, purpose, error);
  return standing->consents ? g_steal_pointer(&standing) : NULL;
}

Standing *standing_new(const Question *question, const char *field, GError **error) {
  static const char consent[] = "consent.";
  if (g_str_has_prefix(field, consent))
    return consent_standing(question, field + sizeof consent - 1, error);
  const Project *project = question->project;
  gboolean stage = !strcmp(field, "stage"), persona = !strcmp(field, "persona");
  const GPtrArray *rules = !project ? NULL : stage ? project->stages : persona ? project->personas : project->relationships;
  if (!rules || rules->len == 0) {
    error_set(error, ERROR_INVALID, "`%s` needs a project file that declares %ss, and this project has none", field, field);
    return NULL;
  }
  if (rules->len > RULES_LIMIT) {
    error_set(error, ERROR_LIMIT, "the project declares %u %ss, and at most %d can be asked about", rules->len, field, RULES_LIMIT);
    return NULL;
  }
  g_autoptr(Standing) standing = standing_empty();
  standing->first_wins = persona;
  if (!(stage ? add_stages(standing, question, error) : add_rules(standing, question, rules, error)))
    return NULL;
  return g_steal_pointer(&standing);
}

void standing_free(Standing *standing) {
  if (!standing)
    return;
  g_ptr_array_unref(standing->names);
  g_ptr_array_unref(standing->rules);
  g_ptr_array_unref(standing->scratches);
  derive_free(standing->derive);
  consents_free(standing->consents);
  pthread_mutex_destroy(&standing->lock);
  g_free(standing);
}

guint standing_count(const Standing *standing) {
  return standing->names->len - 1;
}

const char *standing_name(const Standing *standing, guint code) {
  return standing->names->pdata[code];
}

static gboolean rules_block(Standing *standing, guint block, const Block *data, guint8 *codes, GError **error) {
  guint64 bits[BLOCK_PERSONS_MAX / 64];
  for (guint rule = 0; rule < standing->rules->len; rule++) {
    if (!standing->rules->pdata[rule])
      continue;
    if (!filter_persons(standing->rules->pdata[rule], block, data, bits, error))
      return FALSE;
    for (guint person = bits_next(bits, 0, data->n_persons); person < data->n_persons;
         person = bits_next(bits, person + 1, data->n_persons))
      if (!codes[person] || !standing->first_wins)
        codes[person] = (guint8)(rule + 1);
  }
  return TRUE;
}

static DeriveScratch *take_scratch(Standing *standing) {
  pthread_mutex_lock(&standing->lock);
  guint n = standing->scratches->len;
  DeriveScratch *scratch = n ? g_ptr_array_steal_index_fast(standing->scratches, n - 1) : NULL;
  pthread_mutex_unlock(&standing->lock);
  return scratch ? scratch : derive_scratch_new(standing->derive);
}

static void give_scratch(Standing *standing, DeriveScratch *scratch) {
  pthread_mutex_lock(&standing->lock);
  g_ptr_array_add(standing->scratches, scratch);
  pthread_mutex_unlock(&standing->lock);
}

static gboolean stages_block(Standing *standing, guint block, const Block *data, guint8 *codes, GError **error) {
  DeriveScratch *scratch = take_scratch(standing);
  Derived derived;
  gboolean good = derive_block(standing->derive, scratch, block, data, &derived, error);
  for (guint person = 0; good && person < data->n_persons; person++) {
    guint32 first = derived.person_journeys[person], end = derived.person_journeys[person + 1];
    guint8 stage = first < end ? derived.journeys[end - 1].stage : STAGE_NONE;
    codes[person] = stage < standing_count(standing) ? (guint8)(stage + 1) : 0;
  }
  give_scratch(standing, scratch);
  return good;
}

gboolean standing_block(Standing *standing, guint block, const Block *data, guint8 *codes, GError **error) {
  memset(codes, 0, data->n_persons);
  if (standing->consents) {
    consents_block(standing->consents, block, data->n_persons, codes);
    return TRUE;
  }
  return standing->derive ? stages_block(standing, block, data, codes, error) : rules_block(standing, block, data, codes, error);
}
