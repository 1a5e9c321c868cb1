// SPDX-License-Identifier: Apache-2.0
// Each origin is a loop of its own over the rows of a chunk. Texts are copied into the chunk; everything else is written
// in place. A column that was not asked for costs nothing.
#include "exchange/sql_fill.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/json_out.h"
#include <stdlib.h>
#include <string.h>

/* What DECIMAL(18,6) holds: a trillion units less a millionth. */
#define MICRO_MAX G_GINT64_CONSTANT(999999999999999999)

typedef struct {
  const DuckApi *api;
  void *vector, *data;
  guint64 *valid; /* NULL until the first NULL */
} Vector;

static void set_null(Vector *to, guint at) {
  if (!to->valid) {
    to->api->vector_ensure_validity_writable(to->vector);
    to->valid = to->api->vector_get_validity(to->vector);
  }
  to->valid[at / 64] &= ~(G_GUINT64_CONSTANT(1) << (at % 64));
}

static void set_text(Vector *to, guint at, Text text) {
  to->api->vector_assign_string_element_len(to->vector, at, text.at ? text.at : "", text.size);
}

static void set_code(Vector *to, guint width, guint at, guint32 code) {
  if (code == SQL_ENUM_NONE)
    set_null(to, at);
  else if (width == 1)
    ((guint8 *)to->data)[at] = (guint8)code;
  else if (width == 2)
    ((guint16 *)to->data)[at] = (guint16)code;
  else
    ((guint32 *)to->data)[at] = code;
}

static void set_number(Vector *to, const SqlCells *cells, guint at, gint64 value) {
  if (value == SQL_NULL) {
    set_null(to, at);
    return;
  }
  switch (cells->column->type) {
  case SQL_BOOLEAN: ((guint8 *)to->data)[at] = value != 0; break;
  case SQL_MONEY: ((gint64 *)to->data)[at] = CLAMP(value, -MICRO_MAX, MICRO_MAX); break;
  case SQL_TIME: ((gint64 *)to->data)[at] = value * 1000; break;
  case SQL_ENUM: set_code(to, cells->width, at, sql_enum_place(cells->dictionary, (guint32)value)); break;
  case SQL_DOUBLE: ((double *)to->data)[at] = (double)value; break;
  default: ((gint64 *)to->data)[at] = value;
  }
}

static const SqlRow *row_at(const SqlBlock *block, guint row) {
  return (gconstpointer)(block->rows->data + (gsize)row * g_array_get_element_size(block->rows));
}

static guint32 event_at(const SqlBlock *block, const SqlColumn *column, guint row) {
  guint32 event;
  memcpy(&event, (const char *)row_at(block, row) + column->at, sizeof event);
  return event;
}

/* --- per origin -------------------------------------------------------------------------------- */

static void fill_rows(const SqlCells *cells, const SqlBlock *block, guint first, guint n, Vector *to) {
  for (guint i = 0; i < n; i++) {
    gint64 value;
    memcpy(&value, (const char *)row_at(block, first + i) + cells->column->at, sizeof value);
    set_number(to, cells, i, value);
  }
}

static void hex_id(guint64 id, char text[16]) {
  for (int i = 15; i >= 0; i--, id >>= 4)
    text[i] = "0123456789abcdef"[id & 15];
}

static void fill_persons(const SqlBlock *block, guint first, guint n, Vector *to) {
  char text[16];
  guint32 last = G_MAXUINT32;
  for (guint i = 0; i < n; i++) {
    guint32 person = row_at(block, first + i)->person;
    if (block->data->unidentified) {
      set_null(to, i);
      continue;
    }
    if (person != last)
      hex_id(block->data->person_id[person], text);
    last = person;
    set_text(to, i, (Text){text, sizeof text});
  }
}

static void fill_texts(const SqlCells *cells, const SqlBlock *block, guint first, guint n, Vector *to) {
  for (guint i = 0; i < n; i++) {
    Text text = cells->column->text(block, row_at(block, first + i));
    if (text.size == 0)
      set_null(to, i);
    else
      set_text(to, i, text);
  }
}

/* A number or bit of the event. */
static gint64 event_number(SqlOrigin from, const SqlBlock *block, guint32 event) {
  const Block *data = block->data;
  const Derived *derived = block->derived;
  gint64 micro;
  switch (from) {
  case SQL_OF_TIME: return block_time_ms(data, event);
  case SQL_OF_VALUE: return block_value(data, event, &micro) ? micro : SQL_NULL;
  case SQL_OF_ARRIVAL: return (gint64)block_row(data, event);
  case SQL_OF_VISIT: return codes_at(&data->visit, event) ? codes_at(&data->visit, event) : SQL_NULL;
  case SQL_OF_SOURCE: return codes_at(&data->source, event);
  case SQL_OF_TOUCH: return bit_at(derived->touch, event);
  case SQL_OF_STAGE: return derived->event_stage[event];
  case SQL_OF_TAIL: return derived->event_journey[event] ? derived->in_tail[event] : SQL_NULL;
  case SQL_OF_JOURNEY:
    return derived->event_journey[event] ? derived->journeys[derived->event_journey[event] - 1].number : SQL_NULL;
  default: return SQL_NULL;
  }
}

static void fill_numbers(const SqlCells *cells, const SqlBlock *block, guint first, guint n, Vector *to) {
  for (guint i = 0; i < n; i++) {
    guint32 event = event_at(block, cells->column, first + i);
    set_number(to, cells, i, event == SQL_NO_EVENT ? SQL_NULL : event_number(cells->column->from, block, event));
  }
}

/* Codes of touchpoints are given as blocks are met, so they are looked up by name: once a chunk for most. */
static void fill_touchpoints(const SqlCells *cells, const SqlBlock *block, Derive *derive, guint first, guint n, Vector *to) {
  enum { CACHE = 256 };
  struct {
    guint32 code, place;
  } cache[CACHE];
  memset(cache, 0xff, sizeof cache);
  for (guint i = 0; i < n; i++) {
    guint32 event = event_at(block, cells->column, first + i);
    if (event == SQL_NO_EVENT) {
      set_null(to, i);
      continue;
    }
    guint32 code = block->derived->touchpoint[event], at = code % CACHE;
    if (cache[at].code != code) {
      cache[at].code = code;
      cache[at].place = sql_enum_search(cells->dictionary, derive_touchpoint_name(derive, code));
    }
    set_code(to, cells->width, i, cache[at].place);
  }
}

static void set_entry(const SqlCells *cells, const SqlCellsBlock *loaded, guint32 entry, guint at, Vector *to) {
  char currency[MONEY_CURRENCY_SIZE];
  const char *why;
  gint64 micro;
  if (loaded->place) {
    set_code(to, cells->width, at, loaded->place[entry]);
    return;
  }
  ColumnEntry found = field_entry(cells->field, &loaded->field, entry);
  if (found.kind == VALUE_NONE)
    set_null(to, at);
  else if (cells->column->type == SQL_TEXT)
    set_text(to, at, found.text);
  else if (!money_parse(found.text, DECIMAL_POINT, &micro, currency, &why))
    set_null(to, at);
  else if (cells->column->type == SQL_DOUBLE)
    ((double *)to->data)[at] = (double)micro / 1e6;
  else
    set_number(to, cells, at, micro);
}

static void fill_field(const SqlCells *cells, const SqlCellsBlock *loaded, const SqlBlock *block, guint first, guint n,
                       Vector *to) {
  for (guint i = 0; i < n; i++) {
    guint32 event = event_at(block, cells->column, first + i);
    if (event == SQL_NO_EVENT)
      set_null(to, i);
    else
      set_entry(cells, loaded, codes_at(&loaded->field.codes, event), i, to);
  }
}

static void append_json(GString *json, const char *key, const ColumnEntry *entry) {
  if (json->len > 1)
    g_string_append_c(json, ',');
  g_string_append(json, key);
  if (entry->kind != VALUE_TEXT) {
    g_string_append_len(json, entry->text.at, entry->text.size);
    return;
  }
  g_autoptr(JsonOut) out = json_out_new();
  gsize size;
  json_string_n(out, entry->text.at, entry->text.size);
  const char *text = json_out_text(out, &size);
  g_string_append_len(json, text, (gssize)size);
}

static void fill_properties(const SqlCells *cells, const SqlCellsBlock *loaded, const SqlBlock *block, guint first, guint n,
                            Vector *to) {
  g_autoptr(GString) json = g_string_new(NULL);
  for (guint i = 0; i < n; i++) {
    guint32 event = event_at(block, cells->column, first + i);
    g_string_assign(json, "{");
    for (guint p = 0; p < cells->properties->len; p++) {
      const FieldBlock *field = &loaded->blocks[p];
      ColumnEntry entry = field_entry(cells->properties->pdata[p], field, codes_at(&field->codes, event));
      if (entry.kind != VALUE_NONE)
        append_json(json, cells->keys->pdata[p], &entry);
    }
    g_string_append_c(json, '}');
    set_text(to, i, (Text){json->str, (guint32)json->len});
  }
}

static void fill_orders(const SqlCells *cells, const SqlCellsBlock *loaded, const SqlBlock *block, guint first, guint n,
                        Vector *to) {
  for (guint i = 0; i < n; i++) {
    guint32 event = event_at(block, cells->column, first + i);
    gint64 goal;
    memcpy(&goal, (const char *)row_at(block, first + i) + cells->column->goal_at, sizeof goal);
    const Field *field = cells->orders->pdata[goal];
    const FieldBlock *codes = &loaded->blocks[goal];
    ColumnEntry entry = field ? field_entry(field, codes, codes_at(&codes->codes, event)) : (ColumnEntry){VALUE_NONE, {NULL, 0}};
    if (entry.kind == VALUE_NONE)
      set_null(to, i);
    else
      set_text(to, i, entry.text);
  }
}

void sql_cells_fill(const SqlCells *cells, const SqlCellsBlock *loaded, const SqlBlock *block, Derive *derive, guint first, guint n,
                    void *vector) {
  const DuckApi *api = duck_loaded();
  Vector to = {api, vector, api->vector_get_data(vector), NULL};
  if (cells->column->type == SQL_ENUM && cells->dictionary->names->len == 0) { /* declared nowhere */
    for (guint i = 0; i < n; i++)
      set_null(&to, i);
    return;
  }
  switch (cells->column->from) {
  case SQL_OF_ROW: fill_rows(cells, block, first, n, &to); break;
  case SQL_OF_TEXT: fill_texts(cells, block, first, n, &to); break;
  case SQL_OF_PERSON: fill_persons(block, first, n, &to); break;
  case SQL_OF_FIELD: fill_field(cells, loaded, block, first, n, &to); break;
  case SQL_OF_TOUCHPOINT: fill_touchpoints(cells, block, derive, first, n, &to); break;
  case SQL_OF_PROPERTIES: fill_properties(cells, loaded, block, first, n, &to); break;
  case SQL_OF_ORDER: fill_orders(cells, loaded, block, first, n, &to); break;
  default: fill_numbers(cells, block, first, n, &to);
  }
}

/* --- per block --------------------------------------------------------------------------------- */

/* The ENUM's code of every entry: once a block instead of once an event. */
static guint32 *entry_places(const SqlCells *cells, const FieldBlock *field) {
  guint32 *place = g_new(guint32, field->n_entries + 1);
  gboolean coded = cells->dictionary->n_codes == field->n_entries && field_is_shared(cells->field);
  for (guint32 i = 0; i < field->n_entries; i++) {
    ColumnEntry entry = coded ? (ColumnEntry){VALUE_NONE, {NULL, 0}} : field_entry(cells->field, field, i);
    place[i] = coded             ? sql_enum_place(cells->dictionary, i)
               : entry.text.size ? sql_enum_find(cells->dictionary, entry.text)
                                 : SQL_ENUM_NONE;
  }
  return place;
}

gboolean sql_cells_load(const SqlCells *cells, SqlCellsBlock *loaded, guint block, const Block *data, GError **error) {
  sql_cells_clear(loaded);
  if (cells->field) {
    if (!field_block(cells->field, block, data, &loaded->field, error))
      return FALSE;
    if (cells->column->type == SQL_ENUM)
      loaded->place = entry_places(cells, &loaded->field);
  }
  const GPtrArray *fields = cells->properties ? cells->properties : cells->orders;
  if (!fields)
    return TRUE;
  loaded->n_blocks = fields->len;
  loaded->blocks = g_new0(FieldBlock, loaded->n_blocks + 1);
  for (guint i = 0; i < fields->len; i++)
    if (fields->pdata[i] && !field_block(fields->pdata[i], block, data, &loaded->blocks[i], error))
      return FALSE;
  return TRUE;
}

void sql_cells_clear(SqlCellsBlock *loaded) {
  field_block_clear(&loaded->field);
  g_clear_pointer(&loaded->place, g_free);
  for (guint i = 0; loaded->blocks && i < loaded->n_blocks; i++)
    field_block_clear(&loaded->blocks[i]);
  g_clear_pointer(&loaded->blocks, g_free);
}
