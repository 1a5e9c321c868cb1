/* SPDX-License-Identifier: Apache-2.0
 * table.h: a report as rows and columns, for the terminal (aligned, bars and colour only there) and as CSV
 * (RFC 4180; cells that a spreadsheet would run as formulas get a leading apostrophe). */
#pragma once
#include <glib.h>

typedef enum { CELL_TEXT, CELL_INT, CELL_SHARE, CELL_MONEY, CELL_DURATION, CELL_NUMBER, CELL_BAR } CellType;
typedef struct Table Table;

Table *table_new(void);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)
void table_lead(Table *table, const char *sentence); /* stands above all sections; NULL: none; never in CSV */
void table_title(Table *table, const char *format, ...) G_GNUC_PRINTF(2, 3); /* begins a section */
void table_note(Table *table, const char *format, ...) G_GNUC_PRINTF(2, 3);  /* a line below the section */
void table_column(Table *table, const char *name, CellType type);
void table_text(Table *table, const char *text); /* each adds the next cell of the row; NULL is empty */
void table_int(Table *table, gint64 value);
void table_number(Table *table, double value); /* share 0..1, money in units, bar 0..1, ms for durations */
void table_empty(Table *table);
void table_ids(Table *table, const GArray *ids); /* the one column of a section of persons, from guint64 */
/* A line of small columns below the section, one a value, between two labels; on a terminal only. */
void table_spark(Table *table, const double *values, guint n, const char *first, const char *last);
/* Said before a report fills it: this one becomes CSV, so that a report may give all its rows. */
void table_set_csv(Table *table);
gboolean table_is_csv(const Table *table);

typedef struct {
  gboolean colour, bars; /* a terminal */
  guint width;           /* columns; 0 unlimited */
} TableStyle;
char *table_render(const Table *table, const TableStyle *style);
char *table_csv(const Table *table); /* every section, separated by an empty line; one section: plain CSV */
/* One cell of text as table_csv writes it: quoted where needed, formulas defused. */
void table_csv_text(GString *out, const char *text);
