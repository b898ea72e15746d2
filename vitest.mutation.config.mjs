import { dirname } from 'node:path';
import { defineConfig } from 'vitest/config';
import { pureFiles } from './scripts/check/pure-files.mjs';

/** The folders of tests are those of the code. */
const places = [...new Set(pureFiles.map((path) => dirname(path).replace('src/', 'test/unit/')))];

/** A mutant that keeps a test file from being loaded leaves no test to fail: Stryker would say that it survived. */
class LoadFailures {
  #vitest;

  onInit(vitest) {
    this.#vitest = vitest;
  }

  onTestModuleEnd(module) {
    for (const error of module.errors()) this.#vitest?.state.catchError(error, 'not loaded');
  }
}

/**
 * The unit tests as Stryker runs them, without the guards, which would look for what its many runs leave. Of them those
 * alone that are about the files that it changes: a mutant that only a test of something else notices is not tested.
 */
export default defineConfig({
  test: {
    include: places.map((place) => `${place}/**/*.test.ts`),
    testTimeout: 15_000,
    reporters: [new LoadFailures()],
  },
});
