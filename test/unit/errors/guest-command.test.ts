import { expect, it } from 'vitest';
import { GuestCommandFailedError, GuestSetupError } from '../../../src/errors/index.ts';

const NOTHING = { stdout: '', stderr: '' };
const FAILED = { exitCode: 3, signal: undefined };

it('quotes a one-line command completely, and the first line of a script', () => {
  expect(new GuestCommandFailedError('echo a; exit 3', FAILED, NOTHING).message).toBe(
    'in the guest, "echo a; exit 3" exited with status 3 and printed nothing',
  );
  expect(new GuestCommandFailedError('set -e\nmake\n', FAILED, NOTHING).message).toBe(
    'in the guest, "set -e …" exited with status 3 and printed nothing',
  );
});

it('quotes the end of the output', () => {
  const failed = (output: { stdout: string; stderr: string }): GuestCommandFailedError =>
    new GuestCommandFailedError('make check', FAILED, output);
  expect(failed({ stdout: '\n  one\ntwo\n', stderr: ' \n' }).message).toBe(
    'in the guest, "make check" exited with status 3; stdout:\n  one\n  two',
  );
  const numbers = Array.from({ length: 12 }, (_, index) => `${index}`);
  const shown = numbers.slice(2);
  expect(failed({ stdout: '', stderr: numbers.join('\n') })).toMatchObject({
    message: `in the guest, "make check" exited with status 3; last 10 of 12 lines of stderr:\n  ${shown.join('\n  ')}`,
    lines: shown,
  });
  expect(failed({ stdout: numbers.join('\n'), stderr: 'err\n' })).toMatchObject({
    message: `in the guest, "make check" exited with status 3 and printed:
  last 10 of 12 lines of stdout:
    ${shown.join('\n    ')}
  stderr:
    err`,
    lines: ['last 10 of 12 lines of stdout:', ...shown.map((line) => `  ${line}`), 'stderr:', '  err'],
  });
});

it('reports the status of a failed step, with or without its last line', () => {
  expect(new GuestSetupError('chmod of /a', 1, 'a\nnot permitted\n').message).toBe(
    'chmod of /a failed in the guest with status 1: not permitted',
  );
  expect(new GuestSetupError('chmod of /a', 1, '').message).toBe(
    'chmod of /a failed in the guest with status 1',
  );
  expect(new GuestSetupError('chmod of /a', undefined, '').message).toBe('chmod of /a failed in the guest');
});
