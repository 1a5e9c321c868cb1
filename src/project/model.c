/* SPDX-License-Identifier: Apache-2.0 */
#include "project/model.h"
#include "project/condition.h"

static void write_names(const Rule *rule, JsonOut *out) {
  json_kv_string(out, "name", rule->name);
  json_kv_string(out, "label", rule_label(rule, "en"));
  json_kv_string(out, "label_de", rule_label(rule, "de"));
}

/* Null for a rule without a condition. */
static void write_when(const Rule *rule, JsonOut *out) {
  g_autofree char *text = rule->when ? condition_text(rule->when) : NULL;
  json_kv_string(out, "when", text);
}

static void open_list(JsonOut *out, const char *key) {
  json_key(out, key);
  json_array(out);
}

static void write_rules(JsonOut *out, const char *key, const GPtrArray *rules) {
  open_list(out, key);
  for (guint i = 0; i < rules->len; i++) {
    json_object(out);
    write_names(rules->pdata[i], out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_stages(JsonOut *out, const GPtrArray *stages) {
  open_list(out, "stages");
  for (guint i = 0; i < stages->len; i++) {
    json_object(out);
    const Stage *stage = stages->pdata[i];
    write_names(&stage->rule, out);
    write_when(&stage->rule, out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_touchpoints(JsonOut *out, const GPtrArray *touchpoints) {
  open_list(out, "touchpoints");
  for (guint i = 0; i < touchpoints->len; i++) {
    const Touchpoint *touchpoint = touchpoints->pdata[i];
    json_object(out);
    write_names(&touchpoint->rule, out);
    json_kv_string(out, "family", touchpoint->family);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_goals(JsonOut *out, const GPtrArray *goals) {
  open_list(out, "goals");
  for (guint i = 0; i < goals->len; i++) {
    const Goal *goal = goals->pdata[i];
    json_object(out);
    write_names(&goal->rule, out);
    write_when(&goal->rule, out);
    json_kv_bool(out, "closes", goal->closes);
    json_kv_bool(out, "value", goal->value != NULL);
    json_object_end(out);
  }
  json_array_end(out);
}

void project_model_write(const Project *project, JsonOut *out) {
  json_kv_string(out, "name", project->name ? project->name : "");
  json_kv_string(out, "language", project->language);
  json_kv_string(out, "timezone", project->timezone);
  json_kv_string(out, "currency", project->currency);
  json_kv_int(out, "lookback_ms", project->lookback_ms);
  json_kv_int(out, "inactivity_ms", project->inactivity_ms);
  write_stages(out, project->stages);
  write_rules(out, "personas", project->personas);
  write_touchpoints(out, project->touchpoints);
  write_rules(out, "channels", project->channels);
  write_goals(out, project->goals);
  write_rules(out, "relationships", project->relationships);
}
