# SPDX-License-Identifier: Apache-2.0
# What this project needs of a Debian machine: sourced by jflannel, scripts/test and bench/run.

PATH=$PATH:/usr/sbin:/sbin # a plain su leaves them out
export PATH

say() { echo "jflannel: $*" >&2; }
die() { say "$@"; exit 1; }

# install PACKAGE... with apt, saying so
install() {
  command -v apt-get >/dev/null ||
    die "this machine has no apt-get; install by its own means: $*"
  [ "$(id -u)" = 0 ] || die "not root; as root: apt-get install $*"
  say "installing $*"
  apt_log=$(mktemp)
  {
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
  } >"$apt_log" 2>&1 </dev/null || {
    cat "$apt_log" >&2
    rm -f "$apt_log"
    die "apt-get could not install $*: see above"
  }
  rm -f "$apt_log"
}

# need COMMAND=PACKAGE...: installs the packages whose commands are missing, all at once
need() {
  missing=
  for tool in "$@"; do
    command -v "${tool%%=*}" >/dev/null || case " $missing " in
      *" ${tool#*=} "*) ;;
      *) missing="$missing ${tool#*=}" ;;
    esac
  done
  # shellcheck disable=SC2086 # a list of words
  [ -z "$missing" ] || install $missing
}

# a C compiler, with the headers of the C library and of the kernel
need_c() {
  need cc=gcc
  [ -e /usr/include/stdio.h ] && [ -e /usr/include/linux/if_tun.h ] || install libc6-dev linux-libc-dev
}

# install_idle PACKAGE SERVICE...: without its services, which start neither now nor at the next boot
install_idle() (
  package=$1
  shift
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
  fi
  install "$package"
  systemctl disable "$@" >/dev/null 2>&1 || true
)

# the programs of containerd
need_containerd() {
  { command -v containerd && command -v ctr; } >/dev/null || install_idle containerd containerd.service
  need runc=runc
}

# Docker's programs
need_docker() {
  need_containerd
  command -v dockerd >/dev/null || install_idle docker.io docker.service docker.socket
  command -v docker >/dev/null || install docker-cli # a package of its own since Debian 13
}

# the release number of the JDK in a directory; nothing if there is no JDK (a JRE cannot build)
jdk_release() {
  [ -x "$1/bin/javac" ] && [ -r "$1/release" ] &&
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# is_jdk DIRECTORY: 25 or newer?
is_jdk() {
  release=$(jdk_release "$1") && [ -n "$release" ] && [ "$release" -ge 25 ]
}

# sets jdk to a JDK >= 25 without asking or installing: JAVA_HOME, the newest in /usr/lib/jvm, PATH
look_for_jdk() {
  jdk=
  if [ -n "${JAVA_HOME-}" ] && is_jdk "$JAVA_HOME"; then
    jdk=$JAVA_HOME
    return
  fi
  newest=0
  for candidate in /usr/lib/jvm/*; do
    if [ ! -L "$candidate" ] && is_jdk "$candidate" && [ "$release" -gt "$newest" ]; then
      newest=$release
      jdk=$candidate
    fi
  done
  if [ -z "$jdk" ] && candidate=$(command -v javac); then
    candidate=$(readlink -f "$candidate")
    candidate=${candidate%/bin/javac}
    if is_jdk "$candidate"; then jdk=$candidate; fi
  fi
}

# the newest openjdk-N-jdk-headless that apt has, N >= 25; nothing if there is none
apt_jdk() {
  command -v apt-cache >/dev/null || return 0
  apt-cache search --names-only '^openjdk-[0-9]+-jdk-headless$' |
    sed -n 's/^openjdk-\([0-9]*\)-jdk-headless .*/\1/p' | sort -n | tail -n 1 |
    while read -r n; do [ "$n" -lt 25 ] || echo "openjdk-$n-jdk-headless"; done
}

# exports JAVA_HOME, a JDK >= 25, or ends with instructions
find_jdk() {
  look_for_jdk
  if [ -z "$jdk" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    [ -n "$(apt_jdk)" ] || apt-get update >/dev/null 2>&1 </dev/null || true
    package=$(apt_jdk)
    if [ -n "$package" ]; then
      install "$package"
      look_for_jdk
    fi
  fi
  if [ -z "$jdk" ]; then
    cat >&2 <<'END'
jflannel: needs a JDK of release 25 or newer (a JDK, not a JRE), and found none in
  JAVA_HOME, /usr/lib/jvm or PATH; this machine's apt has no openjdk-25-jdk-headless or newer.
  Any of these helps:
  * Eclipse Temurin's package: follow https://adoptium.net/installation/linux/ to add its apt
    repository, then: apt-get install temurin-25-jdk
  * any vendor's tar.gz of JDK 25 for Linux, unpacked into a directory of /usr/lib/jvm:
      mkdir -p /usr/lib/jvm/jdk-25 && tar -xzf THE-FILE.tar.gz -C /usr/lib/jvm/jdk-25 --strip-components=1
  * a JDK that is elsewhere on this machine: JAVA_HOME=/its/directory ./jflannel ...
END
    exit 1
  fi
  JAVA_HOME=$jdk
  export JAVA_HOME
}
