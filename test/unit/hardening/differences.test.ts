import { describe, expect, it } from 'vitest';
import { compare } from '../../hardening/shares/posix/compare.ts';
import { DIFFERENCES } from '../../hardening/shares/posix/differences.ts';
import { flagCases } from '../../hardening/shares/posix/flag-cases.ts';
import { KINDS } from '../../hardening/shares/posix/kinds.ts';

const kind = KINDS.find(({ name }) => name === 'uid')!;
const cases = flagCases(kind.cast).filter(({ name }) =>
  /that they created, other, directory 0777/.test(name),
);

/** The calls whose failure is not an expected difference, if each fails alone with an error. */
function faultsWith(error: string, name: RegExp): string[] {
  const one = cases.find((each) => name.test(each.name))!;
  const lines = [...one.setup, ...one.calls].map((line) => line.slice(line.indexOf(' ') + 1).split(';'));
  const answers = lines.map((calls) => calls.map(() => '0'));
  return lines.flatMap((calls, at) =>
    calls.filter((_call, position) => {
      const failing = answers.with(at, answers[at]!.with(position, error));
      const [own, shared] = [answers, failing].map((all) => {
        return { answers: all.map((words) => words.join(' ')), tree: [] };
      });
      return compare(one, kind, { own: own!, shared: shared!, host: [] }, DIFFERENCES).faults.length > 0;
    }),
  );
}

const PREPARATION = [
  'chown . 1000 1000',
  'chmod . 0755',
  'mkdir d 0777',
  'chown d 1000 1000',
  'chmod d 0777',
];

describe('the differences for a user who created a file', () => {
  it.each([
    [/^changes a file/, 'creat d/n 0600'],
    [/^removes a file/, 'creat d/n 0600'],
    [/^uses a directory/, 'mkdir d/n 0700'],
  ])('%s: excuse what follows the creation, and not the creation', (name, creation) => {
    for (const error of ['EACCES', 'EPERM']) {
      expect(faultsWith(error, name)).toEqual([...PREPARATION, creation]);
    }
  });
});
