// SPDX-License-Identifier: Apache-2.0
#include "analysis/finding.h"
#include <string.h>

typedef enum { KIND_TEXT, KIND_COUNT, KIND_SHARE, KIND_NUMBER, KIND_DURATION, KIND_MONEY } Kind;

typedef struct {
  Kind kind;
  const char *name;
  char *text, *label; /* label: of money the currency */
  guint64 count;
  gint64 micro;
  double number;
} Value;

struct Finding {
  const char *id;
  GArray *values; /* of Value */
};

/* The catalogue. A name in braces stands for the value; {units} of a funnel or of paths is put into words below. */
static const struct {
  const char *id, *words[2]; /* by Language */
} sentences[] = {
    {"overview.empty", {"No event lies in the period.", "Im Zeitraum liegt kein Ereignis."}},
    {"overview.activity",
     {"{persons} persons left {events} events in {journeys} journeys.",
      "{persons} Personen hinterließen {events} Ereignisse in {journeys} Journeys."}},
    {"overview.conversions",
     {"{persons} persons, {journeys} journeys: {conversions} conversions of {goal}, worth {net_value} net.",
      "{persons} Personen, {journeys} Journeys: {conversions} Conversions von {goal}, netto {net_value} wert."}},
    {"funnel.empty", {"Nobody reached {first} in the period.", "Im Zeitraum hat niemand {first} erreicht."}},
    {"funnel.largest_drop",
     {"The largest drop is after {step}: {dropped} of {reached} {units} ({share}) do not reach {next}.",
      "Der größte Abbruch ist nach {step}: {dropped} von {reached} {units} ({share}) erreichen {next} nicht."}},
    {"funnel.completed",
     {"{completed} of {started} {units} ({share}) come from {first} to {last}.",
      "{completed} von {started} {units} ({share}) kommen von {first} bis {last}."}},
    {"paths.empty", {"There are no paths in the period.", "Im Zeitraum gibt es keine Wege."}},
    {"paths.most_frequent",
     {"The most frequent path is {path}: {count} of {total} {units} ({share}).",
      "Der häufigste Weg ist {path}: {count} von {total} {units} ({share})."}},
    {"paths.many",
     {"{total} {units} took {variants} different paths; none is clearly the most frequent.",
      "Von {variants} verschiedenen Wegen bei {total} {units} ist keiner deutlich der häufigste."}},
    {"journeys.empty", {"No journey begins in the period.", "Im Zeitraum beginnt keine Journey."}},
    {"journeys.open", {"None of the {journeys} journeys has ended yet.", "Von {journeys} Journeys ist noch keine zu Ende."}},
    {"journeys.converted",
     {"Of {ended} journeys that have ended, {converted} ({share}) converted.",
      "Von {ended} beendeten Journeys haben {converted} ({share}) konvertiert."}},
    {"stages.empty", {"Nobody has begun a journey yet.", "Noch hat niemand eine Journey begonnen."}},
    {"stages.most_stand",
     {"Most persons stand in {stage}: {now} of {persons} ({share}).",
      "Die meisten Personen stehen in {stage}: {now} von {persons} ({share})."}},
    {"stages.spread",
     {"{persons} persons stand in {stages} stages; none clearly holds the most.",
      "{persons} Personen stehen in {stages} Phasen; keine hat deutlich die meisten."}},
    {"map.empty", {"No journey touches the map in the period.", "Im Zeitraum berührt keine Journey die Karte."}},
    {"map.most_leave",
     {"Most leave in {stage}: {left} of {persons} persons there ({share}).",
      "Die meisten steigen in {stage} aus: {left} von {persons} Personen dort ({share})."}},
    {"map.persons", {"{persons} persons travel the map.", "{persons} Personen sind auf der Karte unterwegs."}},
    {"attribution.empty",
     {"Nobody reached {goal} in the period, so there is nothing to share out.",
      "Im Zeitraum hat niemand {goal} erreicht; es gibt nichts zu verteilen."}},
    {"attribution.untouched",
     {"None of the {conversions} conversions of {goal} has a touch that could earn credit.",
      "Keine der {conversions} Conversions von {goal} hat einen Kontakt, dem ein Beitrag zusteht."}},
    {"attribution.leads",
     {"{key} earned most of {goal}: {earned} of {conversions} conversions ({share}), by {model}.",
      "{key} trug am meisten zu {goal} bei: {earned} von {conversions} Conversions ({share}), nach {model}."}},
    {"attribution.close",
     {"{conversions} conversions of {goal} among {keys} values of {field}; by {model} intervals do not tell the first two apart.",
      "{conversions} Conversions von {goal} auf {keys} Werte von {field} verteilt; nach {model} trennen die Intervalle die ersten "
      "beiden nicht."}},
};

/* Words that values are made of; German in the dative, which "von" asks for. */
static const struct {
  const char *text, *words[2];
} terms[] = {{"persons", {"persons", "Personen"}},
             {"journeys", {"journeys", "Journeys"}},
             {"visits", {"visits", "Besuchen"}},
             {"accounts", {"accounts", "Unternehmen"}},
             {"households", {"households", "Haushalten"}}};

static void value_clear(gpointer data) {
  Value *value = data;
  g_free(value->text);
  g_free(value->label);
}

Finding *finding_new(void) {
  Finding *finding = g_new0(Finding, 1);
  finding->values = g_array_new(FALSE, FALSE, sizeof(Value));
  g_array_set_clear_func(finding->values, value_clear);
  return finding;
}

void finding_free(Finding *finding) {
  if (!finding)
    return;
  g_array_unref(finding->values);
  g_free(finding);
}

void finding_set(Finding *finding, const char *id) {
  finding->id = id;
}
gboolean finding_is_set(const Finding *finding) {
  return finding->id != NULL;
}

static void add(Finding *finding, Value value) {
  g_array_append_val(finding->values, value);
}
void finding_text(Finding *finding, const char *name, const char *text, const char *label) {
  add(finding, (Value){.kind = KIND_TEXT, .name = name, .text = g_strdup(text), .label = g_strdup(label)});
}
void finding_count(Finding *finding, const char *name, guint64 count) {
  add(finding, (Value){.kind = KIND_COUNT, .name = name, .count = count});
}
void finding_share(Finding *finding, const char *name, double share) {
  add(finding, (Value){.kind = KIND_SHARE, .name = name, .number = share});
}
void finding_number(Finding *finding, const char *name, double number) {
  add(finding, (Value){.kind = KIND_NUMBER, .name = name, .number = number});
}
void finding_duration(Finding *finding, const char *name, double ms) {
  add(finding, (Value){.kind = KIND_DURATION, .name = name, .number = ms});
}
void finding_money(Finding *finding, const char *name, gint64 micro, const char *currency) {
  add(finding, (Value){.kind = KIND_MONEY, .name = name, .micro = micro, .label = g_strdup(currency)});
}

void finding_write(const Finding *finding, JsonOut *out) {
  if (!finding->id) {
    json_null(out);
    return;
  }
  json_object(out);
  json_kv_string(out, "id", finding->id);
  json_key(out, "values");
  json_object(out);
  for (guint i = 0; i < finding->values->len; i++) {
    const Value *value = &g_array_index(finding->values, Value, i);
    switch (value->kind) {
    case KIND_TEXT: json_kv_string(out, value->name, value->text); break;
    case KIND_COUNT: json_kv_int(out, value->name, (gint64)value->count); break;
    case KIND_MONEY: json_kv_micro(out, value->name, value->micro); break;
    default: json_kv_double(out, value->name, value->number);
    }
  }
  json_object_end(out);
  json_object_end(out);
}

/* --- in words -------------------------------------------------------------------------------- */

static char *term(const char *text, Language language) {
  for (guint i = 0; i < G_N_ELEMENTS(terms); i++)
    if (strcmp(terms[i].text, text) == 0)
      return g_strdup(terms[i].words[language]);
  return g_strdup(text);
}

static char *value_words(const Value *value, Language language) {
  switch (value->kind) {
  case KIND_TEXT:
    return strcmp(value->name, "units") == 0 ? term(value->text, language) : g_strdup(value->label ? value->label : value->text);
  case KIND_COUNT: return wording_count(language, value->count);
  case KIND_SHARE: return wording_share(language, value->number);
  case KIND_NUMBER: return wording_decimal(language, value->number, 1);
  case KIND_DURATION: return wording_duration(language, value->number);
  default: return wording_money(language, (double)value->micro / 1e6, value->label);
  }
}

static void append_value(const Finding *finding, Language language, const char *name, gsize size, GString *out) {
  for (guint i = 0; i < finding->values->len; i++) {
    const Value *value = &g_array_index(finding->values, Value, i);
    if (strlen(value->name) != size || strncmp(value->name, name, size))
      continue;
    g_autofree char *words = value_words(value, language);
    g_string_append(out, words);
    return;
  }
}

static char *fill(const Finding *finding, Language language, const char *pattern) {
  GString *out = g_string_new(NULL);
  for (const char *at = pattern; *at;) {
    gsize plain = strcspn(at, "{");
    g_string_append_len(out, at, (gssize)plain);
    at += plain;
    if (*at == '\0')
      break;
    gsize size = strcspn(++at, "}");
    append_value(finding, language, at, size, out);
    at += size + 1;
  }
  return g_string_free(out, FALSE);
}

char *finding_sentence(const Finding *finding, Language language) {
  for (guint i = 0; finding->id && i < G_N_ELEMENTS(sentences); i++)
    if (strcmp(sentences[i].id, finding->id) == 0)
      return fill(finding, language, sentences[i].words[language]);
  return NULL;
}
