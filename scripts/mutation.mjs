// Mutation testing of the pure core: counts the changes that no unit test detects. Runs on the files of
// check/pure-files.mjs, or on the given files. Too slow for `npm run check` and CI.
import { Stryker } from '@stryker-mutator/core';

const files = process.argv.slice(2);
await new Stryker(files.length > 0 ? { mutate: files } : {}).runMutationTest();
