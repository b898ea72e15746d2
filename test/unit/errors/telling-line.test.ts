import { expect, test } from 'vitest';
import { CommandFailedError, tellingLine } from '../../../src/errors/index.ts';

test('is the last line if that explains the failure', () => {
  expect(tellingLine('one\ntwo\n')).toBe('two');
  expect(tellingLine(['one', 'two', ''])).toBe('two');
  expect(tellingLine('')).toBeUndefined();
});

test('names the mistake, not the help', () => {
  const stderr = "qemu-img: unrecognized option '--quiet'\nTry 'qemu-img --help' for more information\n";
  expect(tellingLine(stderr)).toBe("qemu-img: unrecognized option '--quiet'");
  const error = new CommandFailedError(['qemu-img'], { exitCode: 1, signal: undefined }, stderr);
  expect(error.message).toBe("qemu-img exited with status 1: qemu-img: unrecognized option '--quiet'");
});

test('is not a warning of QEMU about its command line', () => {
  const warning =
    "qemu-system-x86_64: -mon chardev=m,mode=control: warning: '-mon' is deprecated, use '-object' with …";
  expect(tellingLine(['qemu: no such disk', warning])).toBe('qemu: no such disk');
  expect(tellingLine([warning])).toBe(warning);
});

test.each(['tar', '/usr/bin/tar'])('is not the last line of %s, which is always the same', (tar) => {
  const stderr = `${tar}: x: Cannot write: No space left on device\n${tar}: Exiting with failure status due to previous errors\n`;
  expect(tellingLine(stderr)).toBe(`${tar}: x: Cannot write: No space left on device`);
});
