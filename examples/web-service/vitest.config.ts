import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A fork takes a fraction of a second. Without KVM, what it then does takes several times as long as on the host, and
    // a machine that is started again after a power cut boots for seconds, for a minute on a busy host.
    testTimeout: 300_000,
  },
});
