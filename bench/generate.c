// SPDX-License-Identifier: Apache-2.0
// generate.c: writes the table that the benchmark asks its questions of: CSV `person,time,event` in time order.
//   generate EVENTS FILE [channels]
// With `channels` a fourth column says through which one of eight each event came.
// Ten events a person on average, lying within about ten days of one year; twelve event names with skew. A person never has
// two events in one second, so that no program's tie rule can change a count. The same bytes on every run.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { YEAR_S = 365 * 86400, START_S = 1735689600 /* 2025-01-01 */, EVENTS_A_PERSON = 10, ACTIVE_DAYS = 10 };

static const struct {
  const char *name;
  unsigned weight; // of 1000
} NAMES[] = {
    {"Page Viewed", 300},    {"Product Viewed", 220},    {"Email Opened", 110}, {"Product List Viewed", 90},
    {"Product Added", 80},   {"Email Link Clicked", 50}, {"Cart Viewed", 45},   {"Checkout Started", 40},
    {"Order Completed", 30}, {"Store Visited", 20},      {"Call Answered", 10}, {"Order Refunded", 5},
};

static const struct {
  const char *name;
  unsigned weight; // of 1000
} CHANNELS[] = {
    {"paid_search", 240}, {"organic_search", 220}, {"email", 160},   {"paid_social", 130},
    {"display", 100},     {"affiliates", 70},      {"referral", 50}, {"sms", 30},
};

static uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

// One byte for each of a thousand draws.
#define SPREAD(names, out)                                                                                                         \
  for (unsigned i = 0, at = 0; i < sizeof(names) / sizeof *(names); i++)                                                           \
    for (unsigned k = 0; k < (names)[i].weight; k++)                                                                               \
  (out)[at++] = (unsigned char)i

static char *put_text(char *out, const char *text) {
  size_t size = strlen(text);
  memcpy(out, text, size);
  return out + size;
}

static char *put_number(char *out, uint64_t number) {
  char digits[20];
  int n = 0;
  do
    digits[n++] = (char)('0' + number % 10);
  while (number /= 10);
  while (n)
    *out++ = digits[--n];
  return out;
}

// "YYYY-MM-DD HH:MM:SS"; days are formatted once each.
static char *put_time(char *out, int64_t second) {
  static int64_t day = -1;
  static char date[16];
  if (second / 86400 != day) {
    day = second / 86400;
    time_t midnight = (time_t)(day * 86400);
    struct tm civil;
    strftime(date, sizeof date, "%Y-%m-%d ", gmtime_r(&midnight, &civil));
  }
  memcpy(out, date, 11);
  unsigned s = (unsigned)(second % 86400);
  unsigned parts[3] = {s / 3600, s / 60 % 60, s % 60};
  for (int i = 0; i < 3; i++) {
    out[11 + 3 * i] = (char)('0' + parts[i] / 10);
    out[12 + 3 * i] = (char)('0' + parts[i] % 10);
    out[13 + 3 * i] = ':';
  }
  return out + 19;
}

int main(int argc, char **argv) {
  uint64_t events = argc == 3 || argc == 4 ? strtoull(argv[1], NULL, 10) : 0;
  FILE *file = events ? fopen(argv[2], "w") : NULL;
  if (!file) {
    fprintf(stderr, "usage: generate EVENTS FILE [channels]\n");
    return 2;
  }
  static char buffer[1 << 20];
  setvbuf(file, buffer, _IOFBF, sizeof buffer);
  int with_channels = argc == 4;
  fputs(with_channels ? "person,time,event,channel\n" : "person,time,event\n", file);
  unsigned char name_of[1000], channel_of[1000];
  SPREAD(NAMES, name_of);
  SPREAD(CHANNELS, channel_of);
  uint64_t persons = events / EVENTS_A_PERSON, active = persons * ACTIVE_DAYS / 365;
  active = active < 64 ? 64 : active;
  int64_t last_second = -1;
  uint64_t in_second = 0;
  for (uint64_t i = 0; i < events; i++) {
    int64_t second = (int64_t)((double)i * YEAR_S / (double)events);
    in_second = second == last_second ? in_second + 1 : 0;
    last_second = second;
    // Inside one second the offsets step through the active persons, so nobody comes twice.
    uint64_t person = 1 + i / EVENTS_A_PERSON + (mix((uint64_t)second) + in_second * 7) % active;
    char line[96], *out = put_number(line, person);
    *out++ = ',';
    out = put_time(out, START_S + second);
    *out++ = ',';
    out = put_text(out, NAMES[name_of[mix(i ^ UINT64_C(0x9e3779b97f4a7c15)) % 1000]].name);
    if (with_channels) {
      *out++ = ',';
      out = put_text(out, CHANNELS[channel_of[mix(i ^ UINT64_C(0xd1b54a32d192ed03)) % 1000]].name);
    }
    *out++ = '\n';
    fwrite(line, 1, (size_t)(out - line), file);
  }
  return fclose(file) ? 1 : 0;
}
