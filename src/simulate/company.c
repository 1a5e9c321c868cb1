// SPDX-License-Identifier: Apache-2.0
// company.c: Lindenhof, a German furniture and home retailer with a shop website, an app and twelve stores. Invented.
#include "simulate/company.h"

#define T(literal)                                                                                                                 \
  { literal, sizeof(literal) - 1 }

const double BRAND_SEARCH_EFFECT = 0.03;

// Mixes are per mood {inspired, comparing, deciding}, each per persona {style, family, bargain}.
const ChannelInfo CHANNEL[CHANNELS] = {
    [CHANNEL_NONE] = {T(""), T(""), T("")},
    [CHANNEL_PAID_SOCIAL] = {T("paid_social"),
                             T("instagram"),
                             T("paid_social"),
                             TRUE,
                             TRUE,
                             1.55,
                             {.60, .38, .22},
                             {{30, 18, 12}, {10, 8, 6}, {3, 2, 2}}},
    [CHANNEL_ORGANIC_SOCIAL] =
        {T("organic_social"), T("instagram"), T("social"), TRUE, FALSE, 0, {.32, .16, .10}, {{14, 6, 4}, {8, 4, 3}, {1, 0, 0}}},
    [CHANNEL_INFLUENCER] = {T("influencer"),
                            T("wohnblog_mia"),
                            T("influencer"),
                            TRUE,
                            TRUE,
                            3.20,
                            {.75, .35, .18},
                            {{14, 6, 4}, {6, 2, 1}, {1, 0, 0}}},
    [CHANNEL_DISPLAY] =
        {T("display"), T("adnetz"), T("display"), TRUE, TRUE, 1.05, {.06, .05, .04}, {{16, 18, 20}, {8, 9, 10}, {3, 3, 4}}},
    [CHANNEL_PAID_SEARCH] =
        {T("paid_search"), T("google"), T("cpc"), TRUE, FALSE, 2.10, {.40, .50, .45}, {{6, 14, 14}, {14, 16, 16}, {16, 14, 16}}},
    [CHANNEL_ORGANIC_SEARCH] = {T("organic_search"),
                                T("google"),
                                T("organic"),
                                TRUE,
                                FALSE,
                                0,
                                {.20, .26, .22},
                                {{8, 16, 16}, {18, 18, 16}, {14, 14, 12}}},
    [CHANNEL_PRICE_COMPARISON] = {T("price_comparison"),
                                  T("preisfuchs"),
                                  T("comparison"),
                                  TRUE,
                                  FALSE,
                                  1.20,
                                  {.05, .15, .55},
                                  {{0, 2, 10}, {3, 8, 22}, {2, 5, 20}}},
    [CHANNEL_REFERRAL] = {T("referral"),
                          T("kaufkompass.example"),
                          T("referral"),
                          TRUE,
                          FALSE,
                          0,
                          {.25, .42, .22},
                          {{1, 1, 1}, {6, 9, 5}, {1, 2, 1}}},
    [CHANNEL_EMAIL] =
        {T("email"), T("newsletter"), T("email"), TRUE, FALSE, 0.30, {.25, .45, .50}, {{0, 0, 0}, {6, 8, 10}, {10, 12, 14}}},
    [CHANNEL_PUSH] = {T("mobile_push"), T("app"), T("push"), TRUE, TRUE, 0.002, {.25, .20, .40}, {{0, 0, 0}, {5, 5, 7}, {6, 6, 8}}},
    [CHANNEL_DIRECT] = {T("direct"), T(""), T(""), TRUE, FALSE, 0, {0, 0, 0}, {{6, 6, 6}, {12, 12, 12}, {30, 26, 26}}},
    [CHANNEL_STORE] = {T("store"), T(""), T(""), FALSE, FALSE, 0, {.65, .85, .30}, {{3, 8, 3}, {12, 14, 5}, {12, 14, 5}}},
    [CHANNEL_CALL] = {T("call"), T(""), T(""), FALSE, FALSE, 3.9, {.30, .50, .20}, {{0, 0, 0}, {1, 3, 1}, {2, 4, 1}}},
    [CHANNEL_CHAT] = {T("chat"), T(""), T(""), FALSE, FALSE, 1.4, {.32, .34, .28}, {{0, 0, 0}, {3, 3, 2}, {4, 4, 3}}},
    [CHANNEL_INVITE] =
        {T("member_referral"), T("freunde"), T("referral"), TRUE, FALSE, 0, {.60, .70, .60}, {{2, 3, 2}, {0, 0, 0}, {0, 0, 0}}},
};

const PersonaInfo PERSONA[PERSONAS] = {
    {T("Stilsucher"), 0.34f, -2.75, 2.4, .46, .24, 1.25, .06},
    {T("Familienplaner"), 0.38f, -2.55, 3.0, .52, .38, 1.00, .14},
    {T("Schnäppchenjäger"), 0.28f, -2.65, 1.8, .56, .18, 0.70, .45},
};

const CategoryInfo CATEGORY[CATEGORIES] = {
    {T("Sofas"), T("Sofa"), 9, 980, 16, .07, {1, .9f, 1.2f, 1.1f}},
    {T("Betten"), T("Bett"), 7, 690, 14, .06, {1, 1, 1, 1.1f}},
    {T("Tische"), T("Tisch"), 7, 420, 9, .06, {1, .9f, 1.1f, 1}},
    {T("Stühle"), T("Stuhl"), 9, 129, 6, .08, {1, 1, 1, 1}},
    {T("Regale"), T("Regal"), 9, 149, 6, .05, {1, 1, 1, 1.1f}},
    {T("Schränke"), T("Schrank"), 6, 540, 14, .05, {1, 1, 1, 1}},
    {T("Leuchten"), T("Leuchte"), 10, 79, 3, .07, {.9f, .7f, 1.3f, 1.2f}},
    {T("Teppiche"), T("Teppich"), 8, 169, 4, .13, {.9f, .8f, 1.2f, 1.2f}},
    {T("Heimtextilien"), T("Decke"), 12, 49, 3, .10, {1, .9f, 1.2f, 1.3f}},
    {T("Deko"), T("Vase"), 13, 34, 3, .05, {1, .9f, 1.2f, 1.6f}},
    {T("Garten"), T("Gartenstuhl"), 6, 189, 6, .06, {2.2f, 1.8f, .3f, .2f}},
    {T("Büro"), T("Bürostuhl"), 4, 239, 6, .08, {1, .9f, 1.1f, 1.2f}},
};

const Text MODEL[MODELS] = {T("Alma"), T("Bjarne"), T("Clara"), T("Emil"), T("Frida"), T("Henri"), T("Lotte"), T("Oskar")};

const RegionInfo REGION[REGIONS] = {
    {T("Nordrhein-Westfalen"), 215, 3},
    {T("Bayern"), 158, 2},
    {T("Baden-Württemberg"), 133, 5},
    {T("Niedersachsen"), 96, 7},
    {T("Hessen"), 75, 6},
    {T("Rheinland-Pfalz"), 49, 6},
    {T("Sachsen"), 48, 4},
    {T("Berlin"), 44, 0},
    {T("Schleswig-Holstein"), 35, 1},
    {T("Brandenburg"), 30, 0},
    {T("Sachsen-Anhalt"), 26, 4},
    {T("Thüringen"), 25, 9},
    {T("Hamburg"), 22, 1},
    {T("Mecklenburg-Vorpommern"), 19, 1},
    {T("Saarland"), 12, 6},
    {T("Bremen"), 8, 10},
};

const Text STORE[STORES] = {T("Berlin"),    T("Hamburg"),  T("München"),  T("Köln"),    T("Leipzig"), T("Stuttgart"),
                            T("Frankfurt"), T("Hannover"), T("Nürnberg"), T("Dresden"), T("Bremen"),  T("Essen")};

const Text REASON[REASONS] = {
    [REASON_NONE] = T(""),
    [REASON_TOO_SMALL] = T("passt nicht"),
    [REASON_COLOUR] = T("Farbe anders als erwartet"),
    [REASON_DAMAGED] = T("beschädigt"),
    [REASON_MISSING_PART] = T("Teil fehlt"),
    [REASON_LATE] = T("Lieferung zu spät"),
    [REASON_NOT_LIKED] = T("gefällt nicht"),
    [REASON_CHANGED_MIND] = T("anders entschieden"),
    [REASON_CHEAPER_ELSEWHERE] = T("anderswo günstiger"),
    [REASON_PAYMENT_TIMEOUT] = T("Zeitüberschreitung der Zahlung"),
    [REASON_QUESTION] = T("Frage zum Produkt"),
    [REASON_ASSEMBLY] = T("Aufbau"),
    [REASON_SPARE_PART] = T("Ersatzteil"),
    [REASON_DELIVERY_DATE] = T("Liefertermin"),
};

const Text COMMENT[COMMENTS] = {
    [COMMENT_NONE] = T(""),
    [COMMENT_LATE] = T("Drei Wochen gewartet, und niemand sagt Bescheid."),
    [COMMENT_DAMAGED] = T("Schönes Stück, aber eine Ecke war beschädigt."),
    [COMMENT_MISSING] = T("Beim Aufbau fehlten Schrauben, ärgerlich."),
    [COMMENT_LOVE] = T("Genau wie erhofft, jederzeit wieder!"),
    [COMMENT_GOOD] = T("Gute Qualität, freundliche Lieferanten."),
    [COMMENT_FAIR] = T("Ganz in Ordnung."),
    [COMMENT_ADVICE] = T("Sehr gut beraten, danke!"),
    [COMMENT_WAITED] = T("Lange in der Warteschleife."),
    [COMMENT_SHIPPING_COSTS] = T("Versandkosten sieht man erst im Warenkorb, schade."),
    [COMMENT_PAYMENT] = T("Zahlung bricht ab, dreimal versucht."),
    [COMMENT_CHEAPER] = T("Woanders günstiger gesehen."),
};

const Text AGENT[AGENTS] = {
    T(""),
    T("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 "
      "Safari/604.1"),
    T("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
    T("Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"),
    T("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"),
    T("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram "
      "350.0"),
    T("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    T("Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Mobile Safari/537.36"),
    T("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36"),
    T("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/604.1"),
};

const Text BOT_AGENT[BOT_AGENTS] = {
    T("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
    T("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"),
    T("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)"),
    T("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)"),
};

const Text FIRST_NAME[32] = {T("anna"), T("ben"),   T("carla"),   T("david"), T("elif"),   T("finn"),  T("greta"), T("hannes"),
                             T("ida"),  T("jonas"), T("katja"),   T("lukas"), T("mia"),    T("noah"),  T("olga"),  T("paul"),
                             T("rosa"), T("samir"), T("tilda"),   T("ulf"),   T("vera"),   T("willi"), T("yara"),  T("zoe"),
                             T("emma"), T("felix"), T("johanna"), T("karl"),  T("leonie"), T("max"),   T("nele"),  T("tom")};
const Text LAST_NAME[32] = {T("albrecht"), T("bauer"),  T("conrad"), T("dietz"),   T("engel"),  T("fischer"), T("graf"),
                            T("huber"),    T("ivanov"), T("jansen"), T("kaya"),    T("lorenz"), T("meyer"),   T("neumann"),
                            T("otto"),     T("peters"), T("quandt"), T("richter"), T("schulz"), T("thoma"),   T("ulrich"),
                            T("vogel"),    T("weber"),  T("yilmaz"), T("ziegler"), T("arnold"), T("brandt"),  T("demir"),
                            T("ebert"),    T("frank"),  T("hahn"),   T("koch")};
const Text MAIL_HOST[4] = {T("example.com"), T("example.org"), T("example.net"), T("mail.example")};

const Text SOURCE[SOURCES] = {T(""), T("google"), T("bing"), T("wohnblog_mia"), T("diy_jonas"), T("familie_im_altbau")};
const Text CONTENT[CONTENTS] = {T(""),         T("reel_wohnzimmer"), T("story_angebot"),  T("karussell_neu"),
                                T("profil"),   T("beitrag"),         T("banner_300x250"), T("banner_skyscraper"),
                                T("kopfbild"), T("angebot_1"),       T("ratgeber"),       T("erinnerung")};
const Text TERM[TERMS] = {T(""),           T("lindenhof"),    T("sofa grau"),    T("esstisch eiche"), T("lampe wohnzimmer"),
                          T("kinderbett"), T("teppich rund"), T("möbel günstig")};
const Text COUPON[COUPONS] = {T(""), T("WILLKOMMEN10"), T("SOMMER15"), T("BLACK20"), T("CLUB5")};
