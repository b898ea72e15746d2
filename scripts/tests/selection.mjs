// Chooses the test files of a run: the selection, and slices of the rest.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { baseOfChange, filesChangedSince, testsTouchedBy } from './touched.mjs';

/** Touched tests beyond this are left to --all. */
const MOST_TOUCHED_SECONDS = 300;

export const USAGE = `usage: npm test -- [--all | [--slice N|auto] [--touched]] [vitest's options]

  By default, the selection of the tests runs: all that is in no slice of
  scripts/tests/files.json.
  --all         all tests
  --slice N     also slice N of the rest; auto: the one that the number of commits chooses
  --touched     also tests of the rest that import a folder that the newest commits change
  --dry-run     run nothing; print which files would be left out
`;

/** The files that take long, by their seconds: those of the selection, for the order alone, and those of each slice. */
export function readFiles(root) {
  return JSON.parse(readFileSync(join(root, 'scripts/tests/files.json'), 'utf8'));
}

/**
 * Takes the words that choose tests from the options.
 * @returns the others, and the files that do not run. Files that are named run, whatever slice they are of.
 */
export function choose(words, root) {
  const { slices } = readFiles(root);
  const [chosen, options] = readWords(words, slices.length);
  const rest = slices.flatMap((slice) => Object.keys(slice));
  if (chosen.all || options.some((word) => /\.test\.\w+$/.test(word))) {
    return { name: chosen.all ? 'all tests' : 'named tests', options, leftOut: [] };
  }
  const number = chosen.slice === 'auto' ? sliceOfCommits(root, slices.length) : chosen.slice;
  const ofSlice = number === undefined ? [] : Object.keys(slices[number - 1]);
  const touched = chosen.touched ? chooseTouched(slices, ofSlice, root) : [];
  const name = [
    'selection',
    ...(number === undefined ? [] : [`slice ${number} of ${slices.length}`]),
    ...(touched.length === 0 ? [] : [`${touched.length} touched files`]),
  ].join(' + ');
  const leftOut = rest.filter((file) => !ofSlice.includes(file) && !touched.includes(file));
  return { name, options, leftOut };
}

function readWords(words, count) {
  const chosen = {};
  const options = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === '--all') chosen.all = true;
    else if (word === '--touched') chosen.touched = true;
    else if (word === '--slice') chosen.slice = sliceNumber(words[++at], count);
    else options.push(word);
  }
  if (chosen.all && (chosen.touched || chosen.slice !== undefined))
    throw new Error('--all runs all slices: it cannot be combined with --slice or --touched');
  return [chosen, options];
}

function sliceNumber(word, count) {
  if (word === 'auto') return word;
  const number = Number(word);
  if (Number.isInteger(number) && number >= 1 && number <= count) return number;
  throw new Error(`--slice ${word ?? ''}: expected a number from 1 to ${count}, or auto`);
}

/** So many landings run all of them. */
function sliceOfCommits(root, count) {
  const words = ['-C', root, '-c', 'safe.directory=*', 'rev-list', '--count', 'HEAD'];
  return (Number(execFileSync('git', words, { encoding: 'utf8' })) % count) + 1;
}

/** The shortest first, up to the limit. */
function chooseTouched(slices, ofSlice, root) {
  const seconds = Object.assign({}, ...slices);
  const others = Object.keys(seconds).filter((file) => !ofSlice.includes(file));
  const changed = filesChangedSince(baseOfChange(root), root);
  const touched = testsTouchedBy(changed, others, root).sort((a, b) => seconds[a] - seconds[b]);
  let sum = 0;
  return touched.filter((file) => (sum += seconds[file]) <= MOST_TOUCHED_SECONDS);
}
