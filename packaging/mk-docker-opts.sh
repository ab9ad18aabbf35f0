#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Turns flanneld's subnet file into options for dockerd. See usage below and docs/docker.md.
set -eu

LC_ALL=C # sorting, and bytes instead of characters
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL PATH

subnet_file=/run/flannel/subnet.env
output=/run/docker_opts.env
key=DOCKER_OPTS
individual=
combined=
ipmasq=y

say() { printf '%s: %s\n' "${0##*/}" "$1" >&2; }
die() { say "$1"; exit 1; }

usage() {
  cat >&2 <<END_OF_USAGE
Usage: ${0##*/} [-f FILE] [-d FILE] [-i] [-c] [-k KEY] [-m]

Writes dockerd's options --bip, --ip-masq and --mtu, from the subnet file of flanneld and from
variables of the environment named DOCKER_OPT_..., to a file for systemd's EnvironmentFile=.

  -f FILE  flanneld's subnet file (default $subnet_file); without it, the
           values FLANNEL_SUBNET, FLANNEL_IPMASQ and FLANNEL_MTU of the environment
  -d FILE  the file to write (default $output)
  -i       write one variable for each option: DOCKER_OPT_BIP="--bip=..."
  -c       write one variable with all options (neither -i nor -c: both)
  -k KEY   its name (default $key)
  -m       leave out --ip-masq
  -h       this text

Exit status: 0 written; 1 wrong usage, or not written: the reason is on standard error.
END_OF_USAGE
  exit 1
}

is_name() {
  case $1 in
    '' | [0-9]* | *[!A-Za-z0-9_]*) return 1 ;;
  esac
}

# value NAME: of a variable; nothing if it is not set
value() { eval "printf '%s' \"\${$1-}\""; }

# Sets what a line of the subnet file says, NAME=value, without running anything that stands in it.
take() {
  set -- "${1#export }"
  name=${1%%=*}
  is_name "$name" || return 0
  case $name in
    FLANNEL_* | DOCKER_OPT_* | "$key") ;;
    *) return 0 ;;
  esac
  text=${1#*=}
  case $text in
    \"*\") text=${text#\"} text=${text%\"} ;;
    \'*\') text=${text#\'} text=${text%\'} ;;
  esac
  eval "export $name=\"\$text\""
}

read_subnet_file() {
  [ -r "$subnet_file" ] || die "cannot read $subnet_file"
  while read -r line || [ -n "$line" ]; do
    case $line in
      [!#]*=*) take "$line" ;;
    esac
  done <"$subnet_file"
}

# Variables DOCKER_OPT_BIP, DOCKER_OPT_IPMASQ, DOCKER_OPT_MTU
flannel_options() {
  [ -z "${FLANNEL_SUBNET-}" ] || export DOCKER_OPT_BIP="--bip=$FLANNEL_SUBNET"
  [ -z "${FLANNEL_MTU-}" ] || export DOCKER_OPT_MTU="--mtu=$FLANNEL_MTU"
  [ -n "$ipmasq" ] || return 0
  case ${FLANNEL_IPMASQ-} in # only one of the two shall masquerade
    '') ;;
    true) export DOCKER_OPT_IPMASQ=--ip-masq=false ;;
    false) export DOCKER_OPT_IPMASQ=--ip-masq=true ;;
    *) die "FLANNEL_IPMASQ is '$FLANNEL_IPMASQ', neither true nor false; nothing written" ;;
  esac
}

# A route to our subnet through another host: docker0 with an address in it would take that host's
# containers from us and ours from it.
refuse_foreign_subnet() {
  [ -n "${FLANNEL_SUBNET-}" ] || return 0
  routes=$(ip -o -4 route show exact "$FLANNEL_SUBNET") || {
    say "not checked whether $FLANNEL_SUBNET is routed to another host: ip failed"
    return 0
  }
  case $routes in
    *" via "*) die "$FLANNEL_SUBNET is routed to another host; nothing written: $routes" ;;
  esac
}

# The names of all DOCKER_OPT_ variables that are set, in order. A name may also be a line inside
# another variable's value: then it is not set.
option_names() {
  env | sed -n 's/^\(DOCKER_OPT_[A-Za-z0-9_]*\)=.*/\1/p' | sort -u |
    while read -r option; do
      [ -z "$(value "$option")" ] || printf '%s\n' "$option"
    done
}

# assignment NAME VALUE: a line that a shell and systemd read back as it was
assignment() {
  printf '%s="' "$1"
  printf '%s' "$2" | sed 's/[\\"$`]/\\&/g'
  printf '"\n'
}

content() {
  all=
  for option in $(option_names); do
    all="$all $(value "$option")"
    [ -z "$individual" ] || assignment "$option" "$(value "$option")"
  done
  [ -n "$combined" ] || return 0
  old=$(value "$key")
  assignment "$key" "${old:+$old }$all"
}

# Writes through a temporary file beside it: who reads sees the old or the new.
write() {
  lines=$(content)
  if [ -d "$output" ]; then die "cannot write $output: it is a directory"; fi
  case $output in
    /dev/* | /proc/*) in_place=y ;;
    *) if [ -e "$output" ] && [ ! -f "$output" ]; then in_place=y; else in_place=; fi ;;
  esac
  if [ -n "$in_place" ]; then # a pipe, a terminal
    print_lines >"$output" || die "cannot write $output"
    return
  fi
  directory=$(dirname -- "$output")
  [ -d "$directory" ] || die "cannot write $output: there is no directory $directory"
  target=$(readlink -f -- "$output") || die "cannot write '$output'"
  new=$target.new.$$
  trap 'rm -f -- "$new"' EXIT
  trap 'exit 1' HUP INT TERM
  (set -C && print_lines >"$new") && mv -f -- "$new" "$target" || die "cannot write $output"
}

print_lines() { [ -z "$lines" ] || printf '%s\n' "$lines"; }

while getopts 'f:d:ick:mh' option; do
  case $option in
    f) subnet_file=$OPTARG ;;
    d) output=$OPTARG ;;
    i) individual=y ;;
    c) combined=y ;;
    k) key=$OPTARG ;;
    m) ipmasq= ;;
    *) usage ;;
  esac
done
is_name "$key" || { say "-k '$key' is no name of a variable"; usage; }
[ -n "$individual$combined" ] || individual=y combined=y

if [ -f "$subnet_file" ]; then read_subnet_file; fi
flannel_options
refuse_foreign_subnet
write
