// SPDX-License-Identifier: Apache-2.0
#include "exchange/map_words.h"
#include <math.h>
#include <string.h>

#define NBSP "\u00a0"

static const char *const sayings[SAYINGS][2] = {
    [SAY_LEAVE] = {"leave", "gehen"},
    [SAY_COME_BACK] = {"come back", "kommen wieder"},
    [SAY_BAND] = {"The people’s way", "Weg der Personen"},
    [SAY_BAND_THICKNESS] = {"Thickness: people", "Dicke: Personen"},
    [SAY_BAND_HEIGHT] = {"Height: experience 0–100", "Höhe: Erlebnis 0–100"},
    [SAY_BAND_HOLLOW] = {"hollow: left", "hohl: ausgestiegen"},
    [SAY_GOOD] = {"good 75", "gut 75"},
    [SAY_FAIR] = {"fair 50", "mäßig 50"},
    [SAY_KEY_BAR] = {"Share of the stage’s people, hollow: left", "Anteil der Personen der Phase, hohl: ausgestiegen"},
    [SAY_KEY_SCORE] = {"Experience poor to good", "Erlebnis schlecht bis gut"},
    [SAY_KEY_UNRATED] = {"fewer than 10 scores", "weniger als 10 Bewertungen"},
    [SAY_KEY_STRAND] = {"most frequent moves,", "häufigste Wechsel,"},
    [SAY_KEY_ROAD] = {"Main road: each step the most frequent, not one group",
                      "Hauptweg: je Schritt der häufigste, keine feste Gruppe"},
    [SAY_KEY_WEAK] = {"Weak points by value lost", "Schwachstellen nach verlorenem Wert"},
    [SAY_CREDIT] = {"Contribution", "Umsatzbeitrag"},
    [SAY_INTERVAL] = {"95% interval", "95-%-Intervall"},
    [SAY_COMMAND] = {"As a command:", "Als Befehl:"},
    [SAY_FILTER] = {"Filter:", "Filter:"},
};

static const struct {
  const char *family, *colour, *label[2];
} families[] = {{"ads", "#ca7528", {"Advertising", "Werbung"}}, {"social", "#781a5e", {"Social media", "Social Media"}},
                {"search", "#574700", {"Search", "Suche"}},     {"web", "#30439c", {"Website & app", "Website & App"}},
                {"mail", "#0075a0", {"E-mail", "E-Mail"}},      {"store", "#3c9f84", {"Store", "Filiale"}},
                {"service", "#917fe4", {"Service", "Service"}}, {"club", "#75644b", {"Club", "Kundenclub"}}};

const char *map_say(Language language, Saying saying) {
  return sayings[saying][language];
}

const char *map_family_colour(const char *family) {
  for (guint i = 0; i < G_N_ELEMENTS(families); i++)
    if (strcmp(families[i].family, family) == 0)
      return families[i].colour;
  return NULL;
}

const char *map_family_label(Language language, const char *family) {
  for (guint i = 0; i < G_N_ELEMENTS(families); i++)
    if (strcmp(families[i].family, family) == 0)
      return families[i].label[language];
  return NULL;
}

static const MapStage *stage_at(const JourneyMap *map, guint stage) {
  return &g_array_index(map->stages, MapStage, stage);
}

static double share_of(guint64 part, guint64 whole) {
  return whole ? (double)part / (double)whole : NAN;
}

char *map_weak_text(const JourneyMap *map, Language language, guint weak) {
  const MapWeakness *row = &g_array_index(map->weak, MapWeakness, weak);
  const MapCell *cell = &g_array_index(map->cells, MapCell, row->cell);
  const char *label = g_array_index(map->touchpoints, MapTouchpoint, cell->touchpoint).label;
  g_autofree char *share = wording_share(language, row->left_share);
  g_autofree char *score = NULL;
  if (score_rated(&cell->score) && score_class(&cell->score) < 2)
    score = g_strdup_printf(language == LANGUAGE_DE ? ", Erlebnis %.0f" : ", experience %.0f", cell->score.value);
  return g_strdup_printf(language == LANGUAGE_DE ? "%s, %s: %s steigen aus%s" : "%s, %s: %s leave%s", label,
                         stage_at(map, cell->stage)->label, share, score ? score : "");
}

char *map_about_text(const JourneyMap *map, Language language) {
  g_autofree char *period = wording_period(language, map->zone, map->from_ms, map->to_ms);
  g_autofree char *persons = wording_count(language, map->persons);
  g_autoptr(GString) out = g_string_new("Journey Map");
  if (map->project && *map->project)
    g_string_append_printf(out, " · %s", map->project);
  g_string_append_printf(out, " · %s · %s %s", period, persons, language == LANGUAGE_DE ? "Personen" : "people");
  if (map->filters)
    g_string_append_printf(out, " · %s %s", map_say(language, SAY_FILTER), map->filters);
  return g_strdup(out->str);
}

char *map_share_text(const MapCell *cell, Language language) {
  g_autofree char *share = wording_share(language, cell->share);
  return g_strdup_printf(language == LANGUAGE_DE ? "%s der Phase" : "%s of the stage", share);
}

char *map_left_text(const MapCell *cell, Language language) {
  g_autofree char *share = wording_share(language, share_of(cell->left, cell->persons));
  return g_strdup_printf("%s %s", share, map_say(language, SAY_LEAVE));
}

char *map_score_text(const Score *score, Language language) {
  g_autofree char *n = wording_count(language, score->n);
  if (!isfinite(score->low))
    return g_strdup_printf("n" NBSP "%s", n);
  return g_strdup_printf("±%.0f, n" NBSP "%s", MAX(1, ceil((score->high - score->low) / 2)), n);
}

char *map_credit_head(const JourneyMap *map, Language language) {
  char *head = g_strdup_printf("%s, %s", map->model, map_say(language, SAY_INTERVAL));
  head[0] = g_ascii_toupper(head[0]);
  return head;
}

char *map_stage_left_text(const JourneyMap *map, Language language, guint stage) {
  const MapStage *row = stage_at(map, stage);
  g_autofree char *share = wording_share(language, share_of(row->left, row->persons));
  return g_strdup_printf("%s, %s", map_say(language, SAY_LEAVE), share);
}

gboolean score_rated(const Score *score) {
  return score->n >= MAP_SCORES_MIN;
}

guint score_class(const Score *score) {
  return score->value < 35 ? 0 : score->value < 48 ? 1 : score->value <= 62 ? 2 : score->value <= 77 ? 3 : 4;
}
