// SPDX-License-Identifier: Apache-2.0
#include "simulate/row.h"

#define T(literal)                                                                                                                 \
  { literal, sizeof(literal) - 1 }

const RowKindInfo ROW_KIND[ROW_KINDS] = {
#define X(kind, name, route) [ROW_##kind] = {T(name), ROUTE_##route},
    ROW_KINDS_LIST(X)
#undef X
};

const Text PLACE[PLACES] = {T(""), T("web"), T("app"), T("store"), T("call")};
const Text PAGE[PAGES] = {T(""),         T("home"),  T("category"), T("product"), T("cart"),
                          T("checkout"), T("order"), T("account"),  T("guide")};
const Text SURVEY[SURVEYS] = {T(""), T("nps"), T("csat"), T("rating")};
