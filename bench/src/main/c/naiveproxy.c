// SPDX-License-Identifier: Apache-2.0
// A naive peer of flannel's udp backend, written from section 6 of the behaviour specification alone: it does
// what upstream's proxy does, faults included (a TTL of 0 wraps, the first match wins, commands starve under
// load). One thread for both directions; each packet costs a read, a send and a vain read of the other side, or
// poll(2) where both sides are dry: three system calls.
//
// Usage: naiveproxy LISTEN-ADDRESS PORT MTU TUN-ADDRESS
// Prints the name of its TUN device when it is ready; address, MTU and routes of that are the caller's. Obeys
// lines on standard input, "set NETWORK LENGTH NEXT-HOP" and "delete NETWORK LENGTH", and ends with that.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IP_HEADER = 20, ICMP_HEADER = 8, MAX_HEADER = 60 };

struct route {
  uint32_t network, mask; // network byte order
  struct sockaddr_in hop;
};

static int tun, sock;
static uint8_t *buffer;
static size_t mtu;
static uint32_t tun_address;
static in_port_t port;
static struct route *routes;
static size_t count, room;

static void die(const char *what) {
  perror(what);
  exit(1);
}

// RFC 1071, over an even number of bytes
static uint16_t checksum(const uint8_t *data, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size; i += 2) sum += data[i] << 8 | data[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

// RFC 1624; false when the packet has come to its end
static int decrement_ttl(uint8_t *packet) {
  if (--packet[8] == 0) return 0;
  uint32_t sum = (packet[10] << 8 | packet[11]) + 0x100;
  sum += sum >> 16;
  packet[10] = sum >> 8;
  packet[11] = sum;
  return 1;
}

static struct sockaddr_in *next_hop(const uint8_t *packet) {
  uint32_t destination;
  memcpy(&destination, packet + 16, 4);
  for (size_t i = 0; i < count; i++) {
    if ((destination & routes[i].mask) != routes[i].network) continue;
    struct route hit = routes[i];
    routes[i] = routes[0];
    routes[0] = hit;
    return &routes[0].hop;
  }
  return NULL;
}

// ICMP destination net unreachable, into the TUN (6.6)
static void unreachable(const uint8_t *packet, size_t size) {
  size_t header = (packet[0] & 15) * 4, data = header + 8;
  if (packet[9] == IPPROTO_ICMP || (packet[6] & 0x1f) || packet[7] || header >= MAX_HEADER) return;
  uint8_t answer[IP_HEADER + ICMP_HEADER + MAX_HEADER + 8] = {0x45};
  size_t total = IP_HEADER + ICMP_HEADER + data;
  answer[2] = total >> 8;
  answer[3] = total;
  answer[8] = 8;
  answer[9] = IPPROTO_ICMP;
  memcpy(answer + 12, &tun_address, 4);
  memcpy(answer + 16, packet + 12, 4);
  uint8_t *icmp = answer + IP_HEADER;
  icmp[0] = 3;
  memcpy(icmp + ICMP_HEADER, packet, data < size ? data : size);
  uint16_t sum = checksum(answer, IP_HEADER);
  memcpy(answer + 10, &sum, 2);
  sum = checksum(icmp, ICMP_HEADER + data);
  memcpy(icmp + 2, &sum, 2);
  if (write(tun, answer, total) < 0) perror("unreachable");
}

// moves one packet; false when there is none
static int tun_to_udp(void) {
  ssize_t size = read(tun, buffer, mtu);
  if (size < IP_HEADER) return 0;
  struct sockaddr_in *hop = next_hop(buffer);
  if (hop == NULL) {
    unreachable(buffer, size);
  } else if (decrement_ttl(buffer)) {
    sendto(sock, buffer, size, 0, (struct sockaddr *)hop, sizeof *hop); // a failure is a lost packet
  }
  return 1;
}

static int udp_to_tun(void) {
  ssize_t size = recv(sock, buffer, mtu, MSG_DONTWAIT);
  if (size < IP_HEADER) return 0;
  if (decrement_ttl(buffer)) {
    while (write(tun, buffer, size) < 0 && errno == EAGAIN) continue;
  }
  return 1;
}

static void set_route(struct route route) {
  for (size_t i = 0; i < count; i++) {
    if (routes[i].network == route.network && routes[i].mask == route.mask) {
      routes[i].hop = route.hop;
      return;
    }
  }
  if (count == room) {
    room = room ? 2 * room : 8;
    routes = realloc(routes, room * sizeof *routes);
    if (routes == NULL) die("realloc");
  }
  routes[count++] = route;
}

static void delete_route(struct route route) {
  for (size_t i = 0; i < count; i++) {
    if (routes[i].network == route.network && routes[i].mask == route.mask) {
      routes[i] = routes[--count];
      return;
    }
  }
}

static void obey(const char *line) {
  char verb[8] = "", network[16] = "", hop[16] = "";
  int length = 0;
  int words = sscanf(line, "%7s %15s %d %15s", verb, network, &length, hop);
  struct route route = {.hop = {.sin_family = AF_INET, .sin_port = port}};
  route.mask = length == 0 ? 0 : htonl(~0U << (32 - length));
  int good = words >= 3 && length >= 0 && length <= 32 && inet_pton(AF_INET, network, &route.network) == 1;
  if (good && words == 4 && !strcmp(verb, "set") && inet_pton(AF_INET, hop, &route.hop.sin_addr) == 1) {
    set_route(route);
  } else if (good && words == 3 && !strcmp(verb, "delete")) {
    delete_route(route);
  } else {
    fprintf(stderr, "no command: %s\n", line);
  }
}

// false at the end of standard input
static int control(void) {
  static char text[4096];
  static size_t used;
  ssize_t size = read(0, text + used, sizeof text - 1 - used);
  if (size <= 0) return 0;
  used += size;
  text[used] = 0;
  char *line = text, *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = 0;
    obey(line);
    line = end + 1;
  }
  used -= line - text;
  memmove(text, line, used);
  return used < sizeof text - 1;
}

static void open_tun(void) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "flannel%d");
  tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) < 0) die("/dev/net/tun");
  puts(request.ifr_name);
}

static void open_socket(const char *address) {
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = port};
  if (inet_pton(AF_INET, address, &local.sin_addr) != 1) die(address);
  sock = socket(AF_INET, SOCK_DGRAM, 0);
  if (sock < 0 || bind(sock, (struct sockaddr *)&local, sizeof local) < 0) die("socket");
}

int main(int words, char **word) {
  if (words != 5 || inet_pton(AF_INET, word[4], &tun_address) != 1) {
    fprintf(stderr, "Usage: naiveproxy LISTEN-ADDRESS PORT MTU TUN-ADDRESS\n");
    return 2;
  }
  port = htons(atoi(word[2]));
  mtu = atoi(word[3]);
  buffer = malloc(mtu);
  if (buffer == NULL || mtu < IP_HEADER) die("MTU");
  open_socket(word[1]);
  open_tun();
  fflush(stdout);
  struct pollfd wait[] = {{tun, POLLIN, 0}, {sock, POLLIN, 0}, {0, POLLIN, 0}};
  for (;;) {
    if (poll(wait, 3, -1) < 0) die("poll");
    if (wait[2].revents && !control()) return 0;
    if (wait[0].revents || wait[1].revents) {
      int moved;
      do {
        moved = tun_to_udp();
        moved |= udp_to_tun();
      } while (moved);
    }
  }
}
