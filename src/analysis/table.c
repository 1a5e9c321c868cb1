// SPDX-License-Identifier: Apache-2.0
/* A table is a list of sections; a section is a title, columns, rows of cells and notes. Cells are kept as
 * given and written twice differently: for people (thousands separators, "42.1%", "1d 12h", small bars) and
 * for programs (CSV: plain decimals, milliseconds). Bars repeat a figure that stands beside them, so they
 * appear only on a terminal and never in CSV. */
#include "analysis/table.h"
#include "base/clock.h"
#include <math.h>
#include <string.h>

enum { BAR_CELLS = 12, TEXT_WIDTH_MIN = 12 };

typedef struct {
  gboolean empty;
  char *text;
  gint64 integer;
  double number;
} Cell;

typedef struct {
  char *name;
  CellType type;
} Column;

typedef struct {
  char *title, *spark;
  GPtrArray *notes;
  GArray *columns; /* of Column */
  GArray *cells;   /* of Cell, row by row */
} Section;

struct Table {
  GPtrArray *sections;
  gboolean csv;
  char *lead;
};

static void cell_clear(gpointer data) {
  g_free(((Cell *)data)->text);
}
static void column_clear(gpointer data) {
  g_free(((Column *)data)->name);
}

static Section *section_new(char *title) {
  Section *section = g_new0(Section, 1);
  section->title = title;
  section->notes = g_ptr_array_new_with_free_func(g_free);
  section->columns = g_array_new(FALSE, FALSE, sizeof(Column));
  g_array_set_clear_func(section->columns, column_clear);
  section->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
  g_array_set_clear_func(section->cells, cell_clear);
  return section;
}

static void section_free(gpointer data) {
  Section *section = data;
  g_free(section->title);
  g_free(section->spark);
  g_ptr_array_unref(section->notes);
  g_array_unref(section->columns);
  g_array_unref(section->cells);
  g_free(section);
}

Table *table_new(void) {
  Table *table = g_new0(Table, 1);
  table->sections = g_ptr_array_new_with_free_func(section_free);
  return table;
}

void table_free(Table *table) {
  if (!table)
    return;
  g_ptr_array_unref(table->sections);
  g_free(table->lead);
  g_free(table);
}

void table_lead(Table *table, const char *sentence) {
  g_free(table->lead);
  table->lead = g_strdup(sentence);
}

void table_set_csv(Table *table) {
  table->csv = TRUE;
}
gboolean table_is_csv(const Table *table) {
  return table->csv;
}

static Section *section_last(Table *table) {
  if (table->sections->len == 0)
    g_ptr_array_add(table->sections, section_new(NULL));
  return g_ptr_array_index(table->sections, table->sections->len - 1);
}

void table_title(Table *table, const char *format, ...) {
  va_list list;
  va_start(list, format);
  g_ptr_array_add(table->sections, section_new(g_strdup_vprintf(format, list)));
  va_end(list);
}

void table_note(Table *table, const char *format, ...) {
  va_list list;
  va_start(list, format);
  g_ptr_array_add(section_last(table)->notes, g_strdup_vprintf(format, list));
  va_end(list);
}

void table_column(Table *table, const char *name, CellType type) {
  Column column = {g_strdup(name), type};
  g_array_append_val(section_last(table)->columns, column);
}

static void cell_add(Table *table, Cell cell) {
  g_array_append_val(section_last(table)->cells, cell);
}

void table_text(Table *table, const char *text) {
  cell_add(table, text ? (Cell){.text = g_strdup(text)} : (Cell){.empty = TRUE});
}
void table_int(Table *table, gint64 value) {
  cell_add(table, (Cell){.integer = value, .number = (double)value});
}
void table_ids(Table *table, const GArray *ids) {
  table_column(table, "person", CELL_TEXT);
  for (guint i = 0; i < ids->len; i++) {
    char id[17];
    g_snprintf(id, sizeof id, "%016" G_GINT64_MODIFIER "x", g_array_index(ids, guint64, i));
    table_text(table, id);
  }
}
void table_number(Table *table, double value) {
  cell_add(table, isfinite(value) ? (Cell){.integer = (gint64)value, .number = value} : (Cell){.empty = TRUE});
}
void table_empty(Table *table) {
  cell_add(table, (Cell){.empty = TRUE});
}

void table_spark(Table *table, const double *values, guint n, const char *first, const char *last) {
  Section *section = section_last(table);
  GString *line = g_string_new(first);
  double most = 0;
  for (guint i = 0; i < n; i++)
    most = MAX(most, values[i]);
  g_string_append_c(line, ' ');
  for (guint i = 0; i < n; i++) /* U+2581 to U+2588; nothing at all is a space */
    g_string_append_unichar(line, values[i] > 0 ? 0x2581 + (gunichar)(values[i] / most * 7) : ' ');
  g_string_append_printf(line, " %s", last);
  g_free(section->spark);
  section->spark = g_string_free(line, FALSE);
}

static guint section_rows(const Section *section) {
  return section->columns->len ? (section->cells->len + section->columns->len - 1) / section->columns->len : 0;
}

static const Cell *section_cell(const Section *section, guint row, guint column) {
  guint i = row * section->columns->len + column;
  return i < section->cells->len ? &g_array_index(section->cells, Cell, i) : NULL;
}

static const Column *section_column(const Section *section, guint i) {
  return &g_array_index(section->columns, Column, i);
}

/* --- for people ------------------------------------------------------------------------------ */

/* "1234567.5" to "1,234,567.5". */
static char *with_separators(const char *digits) {
  GString *out = g_string_new(NULL);
  const char *p = digits;
  if (*p == '-')
    g_string_append_c(out, *p++);
  gsize whole = strspn(p, "0123456789");
  for (gsize i = 0; i < whole; i++) {
    if (i > 0 && (whole - i) % 3 == 0)
      g_string_append_c(out, ',');
    g_string_append_c(out, p[i]);
  }
  g_string_append(out, p + whole);
  return g_string_free(out, FALSE);
}

static char *fixed(double value, const char *format) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE + 330];
  g_ascii_formatd(digits, sizeof digits, format, value);
  return with_separators(digits);
}

/* What a terminal would obey instead of show (escape sequences, line ends) becomes U+FFFD, and so does
 * text that is no UTF-8. */
static char *printable(const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *out = g_string_new(NULL);
  for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    GUnicodeType type = g_unichar_type(c);
    gboolean hidden = type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR ||
                      type == G_UNICODE_PARAGRAPH_SEPARATOR;
    g_string_append_unichar(out, hidden ? 0xFFFD : c);
  }
  return g_string_free(out, FALSE);
}

static guint char_width(gunichar c) {
  return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

static guint text_width(const char *text) {
  guint width = 0;
  for (const char *p = text; *p; p = g_utf8_next_char(p))
    width += char_width(g_utf8_get_char(p));
  return width;
}

/* Shortens to `width` columns with an ellipsis at the end. Takes the text. */
static char *fit_take(char *text, guint width) {
  if (text_width(text) <= width)
    return text;
  guint used = 0;
  const char *p = text;
  for (; *p; p = g_utf8_next_char(p)) {
    guint w = char_width(g_utf8_get_char(p));
    if (used + w + 1 > width)
      break;
    used += w;
  }
  char *shorter = g_strdup_printf("%.*s…", (int)(p - text), text);
  g_free(text);
  return shorter;
}

/* A bar of eighths of a cell: U+2588 is a full one, U+2589..U+258F ever smaller ones. */
static char *bar(double share) {
  GString *out = g_string_new(NULL);
  int eighths = (int)lround(CLAMP(share, 0, 1) * BAR_CELLS * 8);
  for (; eighths >= 8; eighths -= 8)
    g_string_append_unichar(out, 0x2588);
  if (eighths > 0)
    g_string_append_unichar(out, 0x2590 - (gunichar)eighths);
  return g_string_free(out, FALSE);
}

static char *cell_for_people(const Cell *cell, CellType type) {
  if (!cell || cell->empty)
    return g_strdup("");
  if (cell->text)
    return printable(cell->text);
  switch (type) {
  case CELL_SHARE: return g_strdup_printf("%.1f%%", cell->number * 100);
  case CELL_MONEY: return fixed(cell->number, "%.2f");
  case CELL_NUMBER: return fixed(cell->number, "%.2f");
  case CELL_DURATION: return duration_text((gint64)llround(cell->number));
  case CELL_BAR: return bar(cell->number);
  default: {
    g_autofree char *digits = g_strdup_printf("%" G_GINT64_FORMAT, cell->integer);
    return with_separators(digits);
  }
  }
}

static gboolean flush_left(CellType type) {
  return type == CELL_TEXT || type == CELL_BAR;
}

typedef struct {
  GPtrArray *texts; /* headers, then rows, of the shown columns */
  GArray *types;    /* of CellType */
  guint *widths;
  guint n_columns;
} Layout;

static void layout_clear(Layout *layout) {
  g_ptr_array_unref(layout->texts);
  g_array_unref(layout->types);
  g_free(layout->widths);
}

static void layout_fill(Layout *layout, const Section *section, gboolean bars) {
  layout->texts = g_ptr_array_new_with_free_func(g_free);
  layout->types = g_array_new(FALSE, FALSE, sizeof(CellType));
  for (guint c = 0; c < section->columns->len; c++) {
    const Column *column = section_column(section, c);
    if (column->type == CELL_BAR && !bars)
      continue;
    g_array_append_val(layout->types, column->type);
    g_ptr_array_add(layout->texts, printable(column->name));
  }
  layout->n_columns = layout->types->len;
  for (guint r = 0; r < section_rows(section); r++)
    for (guint c = 0; c < section->columns->len; c++) {
      CellType type = section_column(section, c)->type;
      if (type != CELL_BAR || bars)
        g_ptr_array_add(layout->texts, cell_for_people(section_cell(section, r, c), type));
    }
}

static void layout_measure(Layout *layout) {
  layout->widths = g_new0(guint, layout->n_columns + 1);
  for (guint i = 0; i < layout->texts->len; i++) {
    guint *width = &layout->widths[i % layout->n_columns];
    *width = MAX(*width, text_width(g_ptr_array_index(layout->texts, i)));
  }
}

/* Takes columns from the widest text until everything fits; numbers are never cut. */
static void layout_narrow(Layout *layout, guint width_max) {
  for (;;) {
    guint total = 0;
    int widest = -1;
    for (guint c = 0; c < layout->n_columns; c++) {
      total += layout->widths[c] + (c ? 2 : 0);
      gboolean may = g_array_index(layout->types, CellType, c) == CELL_TEXT && layout->widths[c] > TEXT_WIDTH_MIN;
      if (may && (widest < 0 || layout->widths[c] > layout->widths[widest]))
        widest = (int)c;
    }
    if (total <= width_max || widest < 0)
      return;
    layout->widths[widest] -= MIN(total - width_max, layout->widths[widest] - TEXT_WIDTH_MIN);
  }
}

static void pad(GString *out, guint n) {
  for (guint i = 0; i < n; i++)
    g_string_append_c(out, ' ');
}

static void layout_write_row(const Layout *layout, guint row, const TableStyle *style, GString *out) {
  gsize begin = out->len;
  for (guint c = 0; c < layout->n_columns; c++) {
    char *text = fit_take(g_strdup(g_ptr_array_index(layout->texts, row * layout->n_columns + c)), layout->widths[c]);
    CellType type = g_array_index(layout->types, CellType, c);
    guint space = layout->widths[c] - text_width(text);
    if (c > 0)
      g_string_append(out, "  ");
    if (!flush_left(type))
      pad(out, space);
    const char *on = !style->colour ? NULL : row == 0 ? "\033[2m" : type == CELL_BAR ? "\033[36m" : NULL;
    g_string_append_printf(out, "%s%s%s", on ? on : "", text, on ? "\033[0m" : "");
    if (flush_left(type))
      pad(out, space);
    g_free(text);
  }
  while (out->len > begin && out->str[out->len - 1] == ' ')
    g_string_truncate(out, out->len - 1);
  g_string_append_c(out, '\n');
}

static void section_render(const Section *section, const TableStyle *style, GString *out) {
  if (section->title) {
    g_autofree char *title = printable(section->title);
    g_string_append_printf(out, style->colour ? "\033[1m%s\033[0m\n" : "%s\n", title);
  }
  if (section->columns->len) {
    Layout layout = {0};
    layout_fill(&layout, section, style->bars);
    layout_measure(&layout);
    if (style->width)
      layout_narrow(&layout, style->width);
    for (guint r = 0; layout.n_columns && r < layout.texts->len / layout.n_columns; r++)
      layout_write_row(&layout, r, style, out);
    layout_clear(&layout);
  }
  if (section->spark && style->bars)
    g_string_append_printf(out, "%s\n", section->spark);
  for (guint i = 0; i < section->notes->len; i++) {
    g_autofree char *note = printable(g_ptr_array_index(section->notes, i));
    g_string_append_printf(out, "%s\n", note);
  }
}

char *table_render(const Table *table, const TableStyle *style) {
  GString *out = g_string_new(NULL);
  if (table->lead) {
    g_autofree char *lead = printable(table->lead);
    g_string_append_printf(out, "%s\n\n", lead);
  }
  for (guint i = 0; i < table->sections->len; i++) {
    if (i > 0)
      g_string_append_c(out, '\n');
    section_render(g_ptr_array_index(table->sections, i), style, out);
  }
  return g_string_free(out, FALSE);
}

/* --- for programs ---------------------------------------------------------------------------- */

void table_csv_text(GString *out, const char *text) {
  const char *guard = *text && strchr("=+-@\t\r", *text) ? "'" : "";
  if (!strpbrk(text, ",\"\r\n")) {
    g_string_append_printf(out, "%s%s", guard, text);
    return;
  }
  g_string_append_printf(out, "\"%s", guard);
  for (const char *p = text; *p; p++)
    g_string_append_printf(out, *p == '"' ? "\"\"" : "%c", *p);
  g_string_append_c(out, '"');
}

static void csv_number(GString *out, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  const char *formats[] = {"%.15g", "%.16g", "%.17g"};
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
    if (g_ascii_strtod(g_ascii_formatd(digits, sizeof digits, formats[i], value), NULL) == value)
      break;
  g_string_append(out, digits);
}

static void csv_cell(GString *out, const Cell *cell, CellType type) {
  if (!cell || cell->empty)
    return;
  if (cell->text)
    table_csv_text(out, cell->text);
  else if (type == CELL_INT)
    g_string_append_printf(out, "%" G_GINT64_FORMAT, cell->integer);
  else
    csv_number(out, cell->number);
}

static void csv_row(GString *out, const Section *section, int row) {
  gboolean first = TRUE;
  for (guint c = 0; c < section->columns->len; c++) {
    const Column *column = section_column(section, c);
    if (column->type == CELL_BAR)
      continue;
    if (!first)
      g_string_append_c(out, ',');
    first = FALSE;
    if (row < 0)
      table_csv_text(out, column->name);
    else
      csv_cell(out, section_cell(section, (guint)row, c), column->type);
  }
  g_string_append(out, "\r\n");
}

char *table_csv(const Table *table) {
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < table->sections->len; i++) {
    const Section *section = g_ptr_array_index(table->sections, i);
    if (section->columns->len == 0)
      continue;
    if (out->len)
      g_string_append(out, "\r\n");
    csv_row(out, section, -1);
    for (guint r = 0; r < section_rows(section); r++)
      csv_row(out, section, (int)r);
  }
  return g_string_free(out, FALSE);
}
