// SPDX-License-Identifier: Apache-2.0
// Load of datagrams, and what became of it. All sizes are those of the UDP payload, at least 16.
//
// Usage: datagrams serve ADDRESS PORT                    counts, echoes and reports, until it is ended
//        datagrams rate ADDRESS PORT SIZE RATE SECONDS   sends at this rate, 0: as fast as it can; prints
//            "SENT GOT SENT-PER-SECOND GOT-PER-SECOND REORDERED"
//        datagrams ask ADDRESS PORT SIZE SECONDS         one question after the other; prints
//            "ANSWERED LOST P50 P99 MAX ABOVE-2-MS", in microseconds
// The server keeps to the last CPU it may use, the others to the first, as if they were on two hosts: else the
// scheduler's mood decides whether an answer takes 20 or 60 microseconds.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BURST = 16, LARGEST = 2048, BUFFER = 4 << 20, SLOW_MICROS = 2000 };
enum kind { COUNT = 1, ECHO = 2, REPORT = 3 };

struct message {
  uint32_t kind, session;
  uint64_t sequence;
};

// what the server has counted of a session
struct report {
  uint32_t kind, session;
  uint64_t got, reordered, nanos;
};

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

enum place { FIRST, LAST };

static void keep_to(enum place place) {
  cpu_set_t allowed, chosen;
  int cpu = -1;
  if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) die("sched_getaffinity");
  for (int i = 0; i < CPU_SETSIZE && (cpu < 0 || place == LAST); i++) {
    if (CPU_ISSET(i, &allowed)) cpu = i;
  }
  CPU_ZERO(&chosen);
  CPU_SET(cpu, &chosen);
  if (sched_setaffinity(0, sizeof chosen, &chosen) < 0) die("sched_setaffinity");
}

static int open_socket(void) {
  int sock = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER;
  if (sock < 0) die("socket");
  setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size); // without the right to it: what there is
  setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  return sock;
}

static void patience(int sock, long micros) {
  struct timeval time = {micros / 1000000, micros % 1000000};
  setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

static void count(struct report *report, const struct message *message) {
  static uint64_t first, highest;
  if (message->session != report->session) {
    memset(report, 0, sizeof *report);
    report->session = message->session;
    first = now();
    highest = 0;
  }
  report->got++;
  if (message->sequence < highest) report->reordered++;
  if (message->sequence > highest) highest = message->sequence;
  report->nanos = now() - first;
}

static void serve(int sock, struct sockaddr_in *address) {
  static uint8_t data[BATCH][LARGEST];
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  static struct sockaddr_in from[BATCH];
  struct report report = {0};
  if (bind(sock, (struct sockaddr *)address, sizeof *address) < 0) die("bind");
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){data[i], LARGEST};
      messages[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &parts[i], 1, NULL, 0, 0};
    }
    int got = recvmmsg(sock, messages, BATCH, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
      struct message *message = (struct message *)data[i];
      if (messages[i].msg_len < sizeof *message) continue;
      if (message->kind == COUNT) count(&report, message);
      if (message->kind == ECHO) {
        sendto(sock, data[i], messages[i].msg_len, 0, (struct sockaddr *)&from[i], sizeof from[i]);
      }
      if (message->kind == REPORT) {
        struct report answer = report;
        if (report.session != message->session) answer = (struct report){0};
        answer.session = message->session;
        sendto(sock, &answer, sizeof answer, 0, (struct sockaddr *)&from[i], sizeof from[i]);
      }
    }
  }
}

// how many of so many are due; sleeps when that is none
static int due(uint64_t began, uint64_t sent, double rate) {
  if (rate <= 0) return BURST;
  double ahead = (now() - began) / 1e9 * rate - sent;
  if (ahead >= BURST) return BURST;
  if (ahead >= 1) return ahead;
  double seconds = (1 - ahead) / rate;
  if (seconds > 60e-6) nanosleep(&(struct timespec){0, seconds * 1e9}, NULL);
  return 0;
}

// asks until it is answered: the path may still be full
static struct report asked(int sock, uint32_t session) {
  struct message question = {REPORT, session, 0};
  struct report answer;
  patience(sock, 100000);
  usleep(100000);
  for (int tries = 0; tries < 50; tries++) {
    send(sock, &question, sizeof question, 0);
    if (recv(sock, &answer, sizeof answer, 0) == sizeof answer && answer.session == session) return answer;
  }
  fprintf(stderr, "the server does not answer\n");
  exit(1);
}

static void rate(int sock, int size, double wanted, double seconds) {
  static uint8_t data[BURST][LARGEST];
  static struct mmsghdr messages[BURST];
  static struct iovec parts[BURST];
  uint32_t session = now() ^ getpid();
  uint64_t sent = 0, began = now(), elapsed;
  for (int i = 0; i < BURST; i++) {
    parts[i] = (struct iovec){data[i], size};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  while ((elapsed = now() - began) < seconds * 1e9) {
    int burst = due(began, sent, wanted);
    for (int i = 0; i < burst; i++) *(struct message *)data[i] = (struct message){COUNT, session, sent + i};
    int done = burst ? sendmmsg(sock, messages, burst, 0) : 0;
    if (done > 0) sent += done;
  }
  struct report got = asked(sock, session);
  printf("%lu %lu %.0f %.0f %lu\n", sent, got.got, sent * 1e9 / elapsed,
         got.nanos ? got.got * 1e9 / got.nanos : 0, got.reordered);
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static void ask(int sock, int size, double seconds) {
  static uint8_t data[LARGEST];
  size_t room = 1 << 22, answered = 0;
  unsigned long lost = 0, slow = 0;
  double *micros = malloc(room * sizeof *micros);
  if (micros == NULL) die("malloc");
  struct message *message = (struct message *)data;
  uint64_t began = now();
  patience(sock, 200000);
  for (uint64_t i = 0; now() - began < seconds * 1e9 && answered < room; i++) {
    uint64_t asked = now();
    *message = (struct message){ECHO, 0, i};
    send(sock, data, size, 0);
    do {
      message->sequence = i - 1;
      if (recv(sock, data, LARGEST, 0) < 0) break;
    } while (message->sequence != i); // a late answer
    if (message->sequence != i) {
      lost++;
      continue;
    }
    micros[answered] = (now() - asked) / 1e3;
    if (micros[answered++] > SLOW_MICROS) slow++;
  }
  if (answered == 0) {
    fprintf(stderr, "no answer\n");
    exit(1);
  }
  qsort(micros, answered, sizeof *micros, compare);
  printf("%lu %lu %.1f %.1f %.1f %lu\n", answered, lost, micros[answered / 2], micros[answered * 99 / 100],
         micros[answered - 1], slow);
}

int main(int words, char **word) {
  const char *verb = words > 3 ? word[1] : "";
  struct sockaddr_in address = {.sin_family = AF_INET};
  int sock = open_socket();
  int size = words > 4 ? atoi(word[4]) : LARGEST;
  int good = words > 3 && inet_pton(AF_INET, word[2], &address.sin_addr) == 1 && size <= LARGEST &&
             size >= (int)sizeof(struct message);
  keep_to(!strcmp(verb, "serve") ? LAST : FIRST);
  if (good) address.sin_port = htons(atoi(word[3]));
  if (good && words == 4 && !strcmp(verb, "serve")) serve(sock, &address);
  if (good && connect(sock, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  if (good && words == 7 && !strcmp(verb, "rate")) {
    rate(sock, size, atof(word[5]), atof(word[6]));
  } else if (good && words == 6 && !strcmp(verb, "ask")) {
    ask(sock, size, atof(word[5]));
  } else {
    fprintf(stderr, "Usage: see the head of datagrams.c\n");
    return 2;
  }
}
