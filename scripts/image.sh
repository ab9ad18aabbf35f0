# SPDX-License-Identifier: Apache-2.0
# Builds and assembles what runs. Sourced, after machine.sh, by jflannel, bench/run and
# packaging/image/build. Expects root, the checkout.
#
#   .build/HASH/bin/flanneld      the daemon
#   .build/HASH/bin/jflannel      the operator's command (lab, status)
#   .build/HASH/bin/bench         the benchmarks
#   .build/HASH/lib, modules      the jars
#   .build/HASH/flanneld.aot      AOT cache, recorded by a training run of flanneld
#
# HASH is taken over all sources and the JDK: the JDK's AOT cache would run stale classes
# silently if a jar changed under it (shared/design/architecture.md, "Facts that bite").

# sets image to the directory; builds only if a source is new
ensure_image() {
  image=$root/.build/$(source_hash)
  if image_is_good || [ -e "$image/complete" ] && [ ! -w "$image" ]; then return; fi
  if ! mkdir -p "$root/.build" 2>/dev/null || [ ! -w "$root/.build" ]; then
    last_image # a service below a read-only /usr must start after an update of the JDK too
    return
  fi
  exec 9>"$root/.build/lock"
  flock 9 # another jflannel may be at it
  if [ ! -e "$image/complete" ]; then
    need mvn=maven
    compile
    assemble
  fi
  image_is_good || train
  exec 9>&-
}

# what was built last, though the sources or the JDK have changed since
last_image() {
  # shellcheck disable=SC2012 # the names are ours
  last=$(ls -td "$root"/.build/*/complete 2>/dev/null | head -n 1)
  [ -n "$last" ] ||
    die "has to build first, and $(id -un) may not write $root/.build: run it once as the owner of $root"
  image=${last%/complete}
  say "sources or JDK have changed, and $(id -un) may not write $root/.build: runs what was built before; '$root/jflannel --version' builds anew"
}

# complete, and trained with an etcd if there is one
image_is_good() {
  [ -e "$image/complete" ] && [ -e "$image/trained" ] &&
    { [ "$(cat "$image/trained")" = etcd ] || [ "$(trainer)" = local ]; }
}

source_hash() {
  (
    cd "$root"
    {
      find pom.xml .mvn ./*/pom.xml ./*/src/main -type f | LC_ALL=C sort | xargs sha256sum
      cat scripts/image.sh "$JAVA_HOME/release"
      echo "$JAVA_HOME"
    } | sha256sum | cut -c 1-16
  )
}

compile() {
  say "building (once per change of the sources)"
  build_log=$root/.build/build.log
  (
    cd "$root"
    MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS-}" \
      mvn -B -ntp -Dstyle.color=never -Dmaven.test.skip=true -Djacoco.skip=true -Dspotless.check.skip=true package
  ) >"$build_log" 2>&1 </dev/null || {
    grep -E '^\[(ERROR|WARNING)\]' "$build_log" | head -n 40 >&2 || tail -n 40 "$build_log" >&2
    die "the build failed; all of its output is in $build_log"
  }
}

assemble() {
  rm -rf "$image"
  mkdir -p "$image/lib" "$image/modules" "$image/bin"
  cp "$root"/flanneld/target/flanneld-*.jar "$root"/flanneld/target/lib/*.jar \
    "$root"/bench/target/bench-*.jar "$image/lib/"
  rm -f "$image"/lib/*-sources.jar "$image"/lib/*-tests.jar
  mv "$image"/lib/linux-*.jar "$image/modules/linux.jar"
  program flanneld io.jflannel.flanneld.daemon.Flanneld
  program bench io.jflannel.bench.Bench "-Djflannel.flanneld=$image/bin/flanneld"
  program jflannel io.jflannel.flanneld.cli.command.Jflannel "-Djflannel.flanneld=$image/bin/flanneld"
  : >"$image/complete"
  # an older image may be running: those of the last day stay
  find "$root/.build" -mindepth 1 -maxdepth 1 -type d -mtime +1 ! -path "$image" ! -name kubelab -exec rm -rf {} +
}

# One collector thread, one compiler, a small young generation (what the start leaves behind is
# soon collected; the old one must hold the objects of the cache, a few MB, or the JVM refuses to
# start), memory given back at once, and a JVM that wakes seldom: its monitor deflation looks
# four times a second otherwise. The cache is mapped where it was recorded for: no page of it is
# rewritten. The command is exec'ed so that signals reach java.
lean="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -Xms24m -Xmn6m -XX:MinHeapFreeRatio=10 \
-XX:MaxHeapFreeRatio=20 -XX:-ShrinkHeapInSteps -XX:MaxDirectMemorySize=64m -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -XX:TrimNativeHeapInterval=10000 \
-XX:+UnlockDiagnosticVMOptions -XX:AsyncDeflationInterval=10000 -XX:ArchiveRelocationMode=0"

# flags that name the jars; $stage is where $image is while it is being made, if that is elsewhere
stage=
modules() {
  class_path=$(cd "${stage:-/}" && find ".$image/lib" -name '*.jar' | sed 's/^\.//' | LC_ALL=C sort | tr '\n' ':')
  echo "-p $image/modules/linux.jar --add-modules io.jflannel.linux" \
    "--enable-native-access=io.jflannel.linux -cp ${class_path%:}"
}

# program NAME MAIN-CLASS MORE-FLAGS
program() {
  cat >"$stage$image/bin/$1" <<END
#!/bin/sh
export MALLOC_ARENA_MAX=1 # one heap of malloc for all threads
export JFLANNEL_LAUNCHER=$image/bin/$1 # the backend udp wants other flags
cache=
if [ -e $image/$1.aot ]; then cache="-XX:AOTCache=$image/$1.aot -Xlog:aot=error"; fi
exec ${java-$JAVA_HOME/bin/java} $lean \$cache ${3-} \\
  $(modules) \\
  \${JFLANNEL_JAVA_OPTS-} $2 "\$@"
END
  chmod +x "$stage$image/bin/$1"
}

# A short flanneld, in a network namespace of its own, writes the AOT cache as it ends: with a real
# etcd that holds the leases of 2,100 peers if the machine has one, else with the local store (then
# etcd's client is not in the cache, until etcd is installed). Without the right to make a namespace,
# or if anything fails, there is no cache: the start is slower, no more.
train() {
  say "recording the AOT cache ($(trainer))"
  training=$(mktemp -d)
  cat >"$training/script" <<'END'
set -e
cd "$1"
store=$2
shift 2
ip link set lo up
ip link add eth0 type veth peer name wire # not every kernel has dummy devices
ip link set wire up
ip address add 192.0.2.1/24 dev eth0
ip link set eth0 up
ip route add default via 192.0.2.254
echo '{"name":"cbr0","plugins":[{"type":"flannel"},{"type":"portmap"}]}' >cni-conf.json
config='{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}'
if [ "$store" = etcd ]; then
  etcd --data-dir=etcd --max-txn-ops=5000 >etcd.log 2>&1 &
  echo $! >etcd.pid
  export ETCDCTL_API=3
  tries=0
  until etcdctl put /coreos.com/network/config "$config" >etcdctl.log 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 100 ]
    sleep 0.1
  done
  {
    echo # no conditions
    awk 'BEGIN {
      for (i = 0; i < 2100; i++)
        printf "put /coreos.com/network/subnets/10.%d.%d.0-24 \"{\\\"PublicIP\\\":\\\"198.18.%d.%d\\\",\\\"PublicIPv6\\\":null," \
          "\\\"BackendType\\\":\\\"vxlan\\\",\\\"BackendData\\\":{\\\"VNI\\\":1,\\\"VtepMAC\\\":\\\"02:00:00:00:%02x:%02x\\\"}}\"\n",
          128 + i / 256, i % 256, i / 256, i % 256, i / 256, i % 256
    }'
    echo
    echo
  } | etcdctl txn >>etcdctl.log
  exec "$@" --etcd-endpoints=http://127.0.0.1:2379
fi
mkdir store
echo "$config" >store/config
exec "$@" --local-store=store
END
  # AOTRecordTraining: profiles are for the other compiler
  # shellcheck disable=SC2046,SC2086 # lists of words
  unshare --net sh "$training/script" "$training" "$(trainer)" \
    "$JAVA_HOME/bin/java" $lean "-XX:AOTCacheOutput=$training/aot" -XX:-AOTRecordTraining $(modules) \
    io.jflannel.flanneld.daemon.Flanneld --bridge-netfilter=warn --subnet-file="$training/subnet.env" \
    --cni-template="$training/cni-conf.json" --cni-output="$training/10-flannel.conflist" \
    --status-file="$training/status.json" >"$training/log" 2>&1 </dev/null 9>&- &
  trainee=$!
  trap 'end_training; exit 130' INT TERM HUP
  if wait_until_ready && kill -TERM $trainee && wait $trainee && take_cache; then
    trainee=
  else
    grep '^[EF][0-9]' "$training/log" >&2 || tail -n 5 "$training/log" >&2
    say "no AOT cache: flanneld will start more slowly (what the training run said is above)"
  fi
  end_training
  trap - INT TERM HUP
  trainer >"$image/trained"
}

# a cache that cannot be used ends the JVM: it is tried before it has its name
take_cache() {
  cp "$training/aot" "$image/flanneld.aot.new" &&
    JFLANNEL_JAVA_OPTS=-XX:AOTCache="$image/flanneld.aot.new" \
      "$image/bin/flanneld" --version >"$training/log" 2>&1 &&
    mv "$image/flanneld.aot.new" "$image/flanneld.aot"
}

# ends what is left of it: jobs of a script do not hear Ctrl-C
end_training() {
  [ -z "$trainee" ] || kill -KILL "$trainee" 2>/dev/null || true
  [ ! -e "$training/etcd.pid" ] || kill -KILL "$(cat "$training/etcd.pid")" 2>/dev/null || true
  rm -rf "$training"
}

# the store of the training run
trainer() {
  if command -v etcd >/dev/null && command -v etcdctl >/dev/null; then echo etcd; else echo local; fi
}

wait_until_ready() {
  tries=0
  until grep -q 'flannel is ready' "$training/log" 2>/dev/null; do
    kill -0 $trainee 2>/dev/null || return 1
    tries=$((tries + 1))
    [ $tries -lt 300 ] || return 1
    sleep 0.1
  done
  sleep 2 # a pass with nothing to do, the status file
}
