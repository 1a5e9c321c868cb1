// SPDX-License-Identifier: Apache-2.0
#include "exchange/import_guess.h"

#include "base/clock.h"
#include <string.h>

typedef enum { ANY, TIMES, NUMBERS, ADDRESSES } Fit;

typedef struct {
  const char *field;
  Fit fit;
  const char *names; /* plain, separated by blanks; the likeliest first */
} Guess;

/* The order is that of choosing: a column is taken once. */

static const Guess guesses[] = {
    {"time", TIMES,
     "timestamp eventtime eventtimestamp zeitstempel zeitpunkt datumuhrzeit datumzeit datetime ts time date datum createdat "
     "occurredat eventdate erstelltam created orderdate bestelldatum kaufdatum purchasedate buchungsdatum belegdatum "
     "rechnungsdatum invoicedate transactiondate zeit tag day"},
    {"email", ADDRESSES, "email emailadresse emailaddress mail mailadresse kundenemail customeremail useremail contactemail"},
    {"person", ANY,
     "person personid user userid customer customerid customernumber customerno kunde kundennr kundennummer kundenid kdnr "
     "kundenr client clientid memberid mitglied mitgliedsnummer debitor debitorennummer debitorennr"},
    {"crm", ANY, "crm crmid contactid kontaktid leadid salesforceid hubspotid"},
    {"card", ANY,
     "card cardnumber cardno cardid loyaltycard membercard kundenkarte kundenkartennummer kundenkartennr kartennummer kartennr "
     "bonuskarte"},
    {"phone", ANY,
     "phone phonenumber telephone telefon telefonnummer telefonnr tel mobile mobil mobilnummer handy handynummer rufnummer"},
    {"anonymous", ANY, "anonymous anonymousid visitorid visitor cookie cookieid besucherid besucher fullvisitorid userpseudoid"},
    {"device", ANY, "device deviceid geraet geraeteid"},
    {"account", ANY, "account accountid company companyid firma unternehmen organisation organization organisationid groupid"},
    {"order", ANY,
     "orderid ordernumber orderno ordernr bestellnummer bestellnr bestellid auftragsnummer auftragsnr transactionid belegnummer "
     "belegnr rechnungsnummer rechnungsnr invoicenumber invoiceno invoiceid bonnummer bonnr order bestellung auftrag"},
    {"event", ANY,
     "event eventname eventtype ereignis ereignisname ereignistyp action aktion activity aktivitaet vorgang vorgangsart "
     "interaction interaktion kontaktart"},
    {"id", ANY, "eventid messageid ereignisid rowid uuid"},
    {"value", NUMBERS,
     "value total ordertotal ordervalue grandtotal amount revenue umsatz betrag gesamtbetrag gesamtsumme gesamtwert bestellwert "
     "warenwert rechnungsbetrag kaufbetrag endbetrag summe wert bruttobetrag brutto nettobetrag netto totalprice sales price "
     "preis gesamtpreis"},
    {"currency", ANY, "currency currencycode waehrung waehrungscode"},
    {"cost", NUMBERS, "cost costs kosten spend adspend adcost werbekosten ausgaben"},
    {"score", NUMBERS, "score rating bewertung nps csat ces stars sterne note zufriedenheit"},
    {"channel", ANY, "channel kanal channelgroup channelgrouping marketingkanal werbekanal vertriebskanal saleschannel"},
    {"source", ANY, "source utmsource quelle trafficsource herkunft"},
    {"medium", ANY, "medium utmmedium"},
    {"campaign", ANY, "campaign utmcampaign campaignname kampagne kampagnenname"},
    {"content", ANY, "content utmcontent creative werbemittel"},
    {"term", ANY, "term utmterm keyword suchbegriff suchwort"},
    {"place", ANY, "place verkaufsort store filiale standort"},
};

/* --- names ---------------------------------------------------------------------------------------------------- */

static void append_plain(GString *plain, gunichar letter) {
  switch (letter) {
  case 0xe4: g_string_append(plain, "ae"); return;
  case 0xf6: g_string_append(plain, "oe"); return;
  case 0xfc: g_string_append(plain, "ue"); return;
  case 0xdf: g_string_append(plain, "ss"); return;
  default:
    if (g_unichar_isalnum(letter))
      g_string_append_unichar(plain, letter);
  }
}

/* "Kunden-Nr." as "kundennr", "Umsatz (EUR)" as "umsatz". Caller frees. */
static char *plain_name(const char *name) {
  static const char *const units[] = {"ineuro", "ineur", "euro", "eur"};
  GString *plain = g_string_new(NULL);
  for (const char *at = name; *at && !strchr("([", *at); at = g_utf8_next_char(at))
    append_plain(plain, g_unichar_tolower(g_utf8_get_char(at)));
  for (guint i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_str_has_suffix(plain->str, units[i]) && plain->len > strlen(units[i])) {
      g_string_truncate(plain, plain->len - strlen(units[i]));
      break;
    }
  return g_string_free(plain, FALSE);
}

/* --- values --------------------------------------------------------------------------------------------------- */

static gboolean is_time(const char *text, Zone *zone) {
  gint64 instant_ms;
  const char *why;
  return clock_parse(text_of(text), zone, &instant_ms, &why);
}

static gboolean is_number(const char *text) {
  gboolean digit = FALSE;
  for (const char *at = text; *at; at++)
    digit |= g_ascii_isdigit(*at);
  return digit && strspn(text, "0123456789+-.,' \xc2\xa0\xe2\x82\xac$EURChf") == strlen(text);
}

static gboolean fits(const GuessColumn *column, Fit fit, Zone *zone) {
  for (const char *const *sample = column->samples; *sample; sample++)
    if ((fit == TIMES && !is_time(*sample, zone)) || (fit == NUMBERS && !is_number(*sample)) ||
        (fit == ADDRESSES && !strchr(*sample, '@') && strlen(*sample) != 64)) /* or hashed */
      return FALSE;
  return TRUE;
}

/* A number alone may be anything; a date has marks between its parts. */
static gboolean looks_like_time(const GuessColumn *column, Zone *zone) {
  for (const char *const *sample = column->samples; *sample; sample++)
    if (strlen(*sample) < 8 || strcspn(*sample, "-./:") == strlen(*sample))
      return FALSE;
  return *column->samples && fits(column, TIMES, zone);
}

/* --- choosing ------------------------------------------------------------------------------------------------- */

static void take(const Guess *guess, const GuessColumn *columns, char **plain, guint n, Zone *zone, const char **fields) {
  g_auto(GStrv) names = g_strsplit(guess->names, " ", -1);
  for (char **name = names; *name; name++)
    for (guint i = 0; i < n; i++)
      if (!fields[i] && strcmp(plain[i], *name) == 0 && fits(&columns[i], guess->fit, zone)) {
        fields[i] = guess->field;
        return;
      }
}

static gboolean is_taken(const char **fields, guint n, const char *field) {
  for (guint i = 0; i < n; i++)
    if (fields[i] && strcmp(fields[i], field) == 0)
      return TRUE;
  return FALSE;
}

/* Where no name says it, the values may. */
static void take_by_values(const GuessColumn *columns, guint n, Zone *zone, const char **fields) {
  for (guint i = 0; i < n && !is_taken(fields, n, "time"); i++)
    if (!fields[i] && looks_like_time(&columns[i], zone))
      fields[i] = "time";
  for (guint i = 0; i < n && !is_taken(fields, n, "email"); i++)
    if (!fields[i] && *columns[i].samples && strchr(*columns[i].samples, '@') && fits(&columns[i], ADDRESSES, zone))
      fields[i] = "email";
}

void import_guess(const GuessColumn *columns, guint n, const char **fields) {
  Zone *zone = zone_new("UTC", NULL);
  g_autofree char **plain = g_new0(char *, n + 1);
  for (guint i = 0; i < n; i++) {
    fields[i] = NULL;
    plain[i] = plain_name(columns[i].name);
  }
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++)
    take(&guesses[i], columns, plain, n, zone, fields);
  take_by_values(columns, n, zone, fields);
  for (guint i = 0; i < n; i++)
    g_free(plain[i]);
  zone_free(zone);
}
