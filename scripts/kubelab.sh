#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the path of "kubelab", the Kubernetes of the tests (kubelab/README.md), after building it
# if needed, and helm beside it, and installing what a cluster of it needs of the machine.
#
# The cache is JFLANNEL_KUBELAB_CACHE, else .build/kubelab of the checkout. The first build takes
# minutes and, beside the cache, 4 GiB of Go's own caches; the linker needs 2.2 GiB of memory.
#
# Any Go will do: one that is too old only serves to fetch a newer one, as a module, into the cache.
set -eu

root=$(dirname "$(dirname "$(readlink -f "$0")")")
. "$root/scripts/machine.sh"
source=$root/kubelab
cache=${JFLANNEL_KUBELAB_CACHE:-$root/.build/kubelab}
go_min=1.24
go_fetched=1.24.11
programs="kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl"

new_enough() {
  version=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null) &&
    [ "$(printf '%s\n' $go_min "${version#go}" | sort -V | head -n 1)" = $go_min ]
}

# sets go to one that is new enough, or to nothing; old to one that is not, if there is one
find_go() {
  go=
  old=
  for candidate in "$(command -v go || true)" "$cache/go/bin/go" /usr/local/go/bin/go /usr/lib/go-*/bin/go; do
    [ -x "$candidate" ] || continue
    if new_enough "$candidate"; then
      go=$candidate
      return
    fi
    old=${old:-$candidate}
  done
}

# sets go to a newer one, fetched by the old one
fetch_go() {
  machine=$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')
  module=golang.org/toolchain@v0.0.1-go$go_fetched.linux-$machine
  say "$("$old" version | cut -d ' ' -f 3) is too old, fetching Go $go_fetched"
  empty=$(mktemp -d)
  (cd "$empty" && GO111MODULE=on GOFLAGS=-mod=mod "$old" mod download "$module") >&2
  rmdir "$empty"
  rm -rf "$cache/go"
  cp -r "$(GO111MODULE=on "$old" env GOMODCACHE)/$module" "$cache/go"
  chmod -R u+w "$cache/go" # a module's files come read-only and without their execute bits
  chmod +x "$cache"/go/bin/* "$cache"/go/pkg/tool/*/*
  go=$cache/go/bin/go
  unset GOROOT
}

# compilers at once: each takes up to half a gigabyte
compilers() {
  if [ "$(nproc)" -lt 4 ]; then nproc; else echo 4; fi
}

build() {
  find_go
  if [ -z "$go" ]; then
    [ -n "$old" ] || install golang-go
    [ -n "$old" ] || find_go
    [ -n "$go" ] || fetch_go
  fi
  kubernetes=$(sed -n 's/^\tk8s.io\/kubernetes \(v.*\)$/\1/p' "$source/go.mod")
  minor=${kubernetes#v1.}
  versions=k8s.io/component-base/version
  say "building Kubernetes $kubernetes for the tests with $("$go" version | cut -d ' ' -f 3): minutes, the first time"
  started=$(date +%s)
  (
    cd "$source"
    export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GO111MODULE=on GOWORK=off
    nice "$go" build -p "$(compilers)" -v -o "$cache/kubelab.new" -ldflags "-s -w -X $versions.gitVersion=$kubernetes \
-X $versions.gitMajor=1 -X $versions.gitMinor=${minor%%.*}" . 2>"$cache/build.log"
    cd helm
    nice "$go" build -p "$(compilers)" -v -o "$cache/helm" -ldflags "-s -w" helm.sh/helm/v3/cmd/helm 2>>"$cache/build.log"
  ) || {
    tail -n 40 "$cache/build.log" >&2
    die "the build failed; all of its output is in $cache/build.log"
  }
  mv "$cache/kubelab.new" "$cache/kubelab"
  for program in $programs; do ln -sfn kubelab "$cache/$program"; done
  echo "$stamp" >"$cache/stamp"
  say "built in $(($(date +%s) - started)) s"
}

need ip=iproute2 iptables=iptables openssl=openssl etcd=etcd-server busybox=busybox-static \
  conntrack=conntrack nsenter=util-linux
need_containerd
[ -e /usr/lib/cni/bridge ] || install containernetworking-plugins
mkdir -p "$cache"
stamp=$(cd "$source" && cat go.mod go.sum main.go helm/go.mod helm/go.sum "$root/scripts/kubelab.sh" | sha256sum | cut -d ' ' -f 1)-$(uname -m)
{
  flock 9 # another one may be at it
  if [ ! -x "$cache/kubelab" ] || [ "$(cat "$cache/stamp" 2>/dev/null)" != "$stamp" ]; then build; fi
} 9>"$cache/lock"
echo "$cache/kubelab"
