// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.iface;

import io.jflannel.flanneld.state.ExternalInterface;
import java.util.List;

/** The outcome of {@link InterfaceSelection}. */
public sealed interface Selection {

  /**
   * An interface.
   *
   * @param passedOver why earlier candidates were not taken, one line each
   */
  record Found(ExternalInterface external, List<String> passedOver) implements Selection {
    public Found {
      passedOver = List.copyOf(passedOver);
    }
  }

  /**
   * None fits.
   *
   * @param reasons one line for each candidate, then what exists
   */
  record None(List<String> reasons) implements Selection {
    public None {
      reasons = List.copyOf(reasons);
    }
  }
}
