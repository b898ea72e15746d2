// Changes the pure core, one thing at a time, and counts which changes no unit test notices. All of stryker.config.mjs,
// or the files that are named. It takes too long for `npm run check`, and CI does not run it.
import { Stryker } from '@stryker-mutator/core';

const files = process.argv.slice(2);
await new Stryker(files.length > 0 ? { mutate: files } : {}).runMutationTest();
