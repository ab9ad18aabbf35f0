# SPDX-License-Identifier: Apache-2.0
# Builds the CNI plugin flannel with a run time of its own. Sourced, after machine.sh and image.sh.
# Expects root, the checkout, and JAVA_HOME.
#
#   .build/HASH/cni/flannel                the plugin, a shell script
#   .build/HASH/cni/flannel.runtime-ID     beside it: a JVM of java.base alone, jars, an AOT cache
#   .build/HASH/cni/install                puts both into /opt/cni/bin
#
# All of it may be moved and copied together.

# one thread each for collecting and compiling, no more memory than a pod's start needs
cni_flags="-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx64m -Xms8m -Xmn2m -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError \
-XX:+DisplayVMOutputToStderr -Xlog:disable -Xlog:all=error:stderr"

# sets cni to the folder; builds only what is not there
ensure_cni() {
  ensure_image
  cni=$image/cni
  [ ! -e "$cni/install" ] || return 0
  exec 9>"$root/.build/lock"
  flock 9 # another jflannel may be at it
  [ -e "$cni/install" ] || {
    say "building the CNI plugin"
    assemble_cni "$cni" "$image"/lib/cni-*.jar "$image"/lib/json-*.jar "$image"/lib/jackson-core-*.jar \
      "$image/modules/linux.jar"
  }
  exec 9>&-
}

# link_cni DIRECTORY: makes the run time; the container image has one for the daemon, too, and shares it
link_cni() {
  "$JAVA_HOME/bin/jlink" --add-modules java.base --strip-java-debug-attributes --no-header-files --no-man-pages --output "$1"
}

# assemble_cni DIRECTORY CNI-JAR JSON-JAR JACKSON-CORE-JAR LINUX-JAR
assemble_cni() {
  cni=$1
  cni_id=$(
    cd "$root"
    { sha256sum "$2" "$3" "$4" "$5" scripts/cni.sh packaging/cni/flannel "$JAVA_HOME/release" | cut -c 1-64; } |
      sha256sum | cut -c 1-12
  )
  rm -rf "$cni"
  mkdir -p "$cni"
  cni_runtime=$cni/flannel.runtime-$cni_id
  link_cni "$cni_runtime"
  mkdir "$cni_runtime/app"
  cp "$2" "$cni_runtime/app/cni.jar"
  cp "$3" "$cni_runtime/app/json.jar"
  cp "$4" "$cni_runtime/app/jackson-core.jar"
  cp "$5" "$cni_runtime/app/linux.jar"
  sed "s|@RUNTIME@|flannel.runtime-$cni_id|; s|@FLAGS@|$cni_flags|" "$root/packaging/cni/flannel" >"$cni/flannel"
  chmod 755 "$cni/flannel"
  train_cni
  cp -p "$root/packaging/cni/install" "$cni/install"
}

# without a cache the plugin works, more slowly; one that cannot be used has no place
train_cni() {
  cni_class_path=$cni_runtime/app/cni.jar:$cni_runtime/app/json.jar:$cni_runtime/app/jackson-core.jar:$cni_runtime/app/linux.jar
  # shellcheck disable=SC2086 # a list of words
  "$cni_runtime/bin/java" $cni_flags -XX:AOTCacheOutput="$cni_runtime/flannel.aot" \
    -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining \
    -cp "$cni_class_path" io.jflannel.cni.Training >"$cni/training.log" 2>&1 </dev/null &&
    "$cni_runtime/bin/java" $cni_flags -XX:AOTMode=on -XX:AOTCache="$cni_runtime/flannel.aot" \
      -cp "$cni_class_path" io.jflannel.cni.Main >>"$cni/training.log" 2>&1 </dev/null || {
    cat "$cni/training.log" >&2
    say "no AOT cache: the CNI plugin will start more slowly (what the training run said is above)"
    rm -f "$cni_runtime/flannel.aot"
  }
  rm -f "$cni/training.log"
}
