import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A fork takes a fraction of a second; without KVM, what it then does takes several times as long as on the host.
    testTimeout: 60_000,
  },
});
