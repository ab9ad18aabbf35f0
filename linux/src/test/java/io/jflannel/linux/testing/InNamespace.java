// SPDX-License-Identifier: Apache-2.0
package io.jflannel.linux.testing;

import io.jflannel.linux.LinuxException;
import io.jflannel.linux.NetworkNamespace;
import java.lang.reflect.Method;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs each test, with what comes before and after it, on a thread in a new network namespace,
 * which ends with the test. Skips where that is not allowed, unless REQUIRE_ALL=1.
 */
public final class InNamespace implements BeforeEachCallback, InvocationInterceptor {

  private static final Namespace STORE = Namespace.create(InNamespace.class);

  @Override
  public void beforeEach(ExtensionContext context) {
    try {
      context.getStore(STORE).put(NetworkNamespace.class, NetworkNamespace.anonymous());
    } catch (LinuxException e) {
      if ("1".equals(System.getenv("REQUIRE_ALL"))) {
        throw e;
      }
      Assumptions.abort("needs root or unshare -rn to make a network namespace: " + e.getMessage());
    }
  }

  @Override
  public void interceptBeforeEachMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inside(invocation, context);
  }

  @Override
  public void interceptTestMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inside(invocation, context);
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inside(invocation, context);
  }

  @Override
  public void interceptAfterEachMethod(
      Invocation<@Nullable Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    inside(invocation, context);
  }

  private static void inside(Invocation<@Nullable Void> invocation, ExtensionContext context)
      throws Throwable {
    NetworkNamespace namespace =
        Objects.requireNonNull(
            context.getStore(STORE).get(NetworkNamespace.class, NetworkNamespace.class));
    Optional<Throwable> thrown = namespace.run(() -> outcome(invocation));
    if (thrown.isPresent()) {
      throw thrown.get();
    }
  }

  private static Optional<Throwable> outcome(Invocation<@Nullable Void> invocation) {
    try {
      invocation.proceed();
      return Optional.empty();
    } catch (Throwable e) {
      return Optional.of(e);
    }
  }
}
