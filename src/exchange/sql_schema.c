// SPDX-License-Identifier: Apache-2.0
#include "exchange/sql.h"
#include "exchange/sql_scan.h"

void sql_schema_table(Table *table) {
  for (guint i = 0; sql_tables[i]; i++) {
    const SqlTable *of = sql_tables[i];
    table_title(table, "%s: %s", of->name, of->help);
    table_column(table, "column", CELL_TEXT);
    table_column(table, "type", CELL_TEXT);
    table_column(table, "meaning", CELL_TEXT);
    for (const SqlColumn *column = of->columns; column->name; column++) {
      table_text(table, column->name);
      table_text(table, sql_type_name(column));
      table_text(table, column->help);
    }
    for (const SqlParameter *parameter = of->parameters; parameter && parameter->name; parameter++)
      table_note(table, "%s(%s := '...'): %s", of->name, parameter->name, parameter->text);
  }
}

void sql_schema_json(JsonOut *out) {
  json_key(out, "tables");
  json_array(out);
  for (guint i = 0; sql_tables[i]; i++) {
    json_object(out);
    json_kv_string(out, "table", sql_tables[i]->name);
    json_kv_string(out, "help", sql_tables[i]->help);
    json_key(out, "columns");
    json_array(out);
    for (const SqlColumn *column = sql_tables[i]->columns; column->name; column++) {
      json_object(out);
      json_kv_string(out, "name", column->name);
      json_kv_string(out, "type", sql_type_name(column));
      json_kv_string(out, "help", column->help);
      json_object_end(out);
    }
    json_array_end(out);
    json_object_end(out);
  }
  json_array_end(out);
}
