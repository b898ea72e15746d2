// Phrases that have to be read twice, in messages, comments and documents; in tests and fixtures, in titles and comments.
// CONTRIBUTING.md, "Words", says what to write.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const ownText = 'scripts/check/words.mjs';

const ruledOut = [
  [
    /^\s*(?:\/\*\*?|\*|\/\/)\s*What\b(?!.*\?)/,
    'a comment begins with the thing that it describes, not with "What"',
  ],
  [/^\s*(?:\/\*\*?|\/\/)\s*Of\b/, 'a comment begins with the thing that it describes, not with "Of"'],
  [/\b(?:stands?|stood|standing) still\b/i, 'say: paused, stopped, stalled'],
  [/\b(?:goes|going|went) on\b/i, 'say: continues, resumes'],
  [/\bin vain\b/i, 'say: timed out, failed, without success'],
  [/\bwhoever\b/i, 'name them: the user, the caller, another user'],
  [/\blet(?:s|ting)?[ _]go\b/i, 'say: release, close, detach'],
  [/\bmend(?:s|ed|ing)?\b/i, 'say: fix, repair'],
  [/\bof no use\b/i, 'say what is valid'],
  [/\bwhat has\b/i, 'say: files that have, guests with'],
  [/\bpulls? the plug\b/i, 'say: power off immediately'],
  [/\bnobody knows\b/i, 'say: for an unknown reason'],
  [/\b(?:to be|can be|cannot be|is|was) had\b/i, 'say: available'],
  [
    /\bthere is no (?:machine|image|template|snapshot|file|disk|directory) [`"'$]/i,
    'say: no such machine: NAME',
  ],
  [/\bfor good\b/i, 'say: permanently'],
  [/\b(?:disposable|temporary) (?:machine|guest)/i, 'say: throw-away machine'],
  [/\bmay be left out\b/i, 'say: is optional'],
  [/\b(?:has|have) no --?[a-z]/, 'say: does not support OPTION'],
  [/\bsome_?thing else\b.*\bmeant\b/i, 'say what was expected'],
];

const isTest = (path) => /^(?:test|fixtures|examples)\/.*\.(?:ts|mjs|c|h)$/.test(path);
const files = execFileSync(
  'git',
  ['ls-files', '-z', 'src', 'native', 'page', 'scripts', '*.md', 'test', 'fixtures', 'examples'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\0')
  .filter((path) => /\.(?:tsx?|mjs|c|h|md)$/.test(path) && path !== ownText && !path.includes('.gen.'));

const only = process.argv.slice(2);
const found = files
  .filter((path) => only.length === 0 || only.some((prefix) => path.startsWith(prefix)))
  .flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return (isTest(path) ? [...titlesOf(text), ...commentsOf(text)] : linesOf(text)).flatMap(
      ([line, number]) =>
        ruledOut
          .filter(([pattern]) => pattern.test(line))
          .map(([pattern, advice]) => `${path}:${number}: ${pattern.exec(line)[0].trim()}: ${advice}`),
    );
  });

for (const line of found) console.error(line);
if (found.length > 0) {
  console.error(`${found.length} places`);
  process.exitCode = 1;
}

function linesOf(text) {
  return text.split('\n').map((line, index) => [line, index + 1]);
}

/** Whole lines of comments. */
function commentsOf(text) {
  return linesOf(text).filter(([line]) => /^\s*(?:\/\*|\*|\/\/)/.test(line));
}

/** The first argument of it, test and describe, also after skipIf(…) and each(…), with its line. */
function titlesOf(text) {
  const calls = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:(?!\1).)*)\1/g;
  return [...text.matchAll(calls)].map((match) => [match[2], text.slice(0, match.index).split('\n').length]);
}
