// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.lab;

import io.jflannel.flanneld.config.Options.UdpDatapath;
import io.jflannel.flanneld.lab.plan.LabBackend;
import io.jflannel.flanneld.lab.plan.LabFirewall;
import io.jflannel.flanneld.lab.plan.LabStore;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Constants by the words people type on the command line, which are not Java's names. */
abstract class Words<T> implements ITypeConverter<T>, Iterable<String> {
  private final List<T> constants;

  private Words(T[] constants) {
    this.constants = List.of(constants);
  }

  /** The words of {@code --backend}. */
  static final class Backend extends Words<LabBackend> {
    Backend() {
      super(LabBackend.values());
    }
  }

  /** The words of {@code --udp-datapath}. */
  static final class Datapath extends Words<UdpDatapath> {
    Datapath() {
      super(UdpDatapath.values());
    }
  }

  /** The words of {@code --firewall}. */
  static final class Firewall extends Words<LabFirewall> {
    Firewall() {
      super(LabFirewall.values());
    }
  }

  /** The words of {@code --store}. */
  static final class Store extends Words<LabStore> {
    Store() {
      super(LabStore.values());
    }
  }

  @Override
  public T convert(String text) {
    return constants.stream()
        .filter(constant -> constant.toString().equals(text))
        .findFirst()
        .orElseThrow(() ->
            new TypeConversionException(
                "expected one of %s but was '%s'".formatted(constants, text)));
  }

  @Override
  public Iterator<String> iterator() {
    return constants.stream().map(Object::toString).iterator();
  }
}
