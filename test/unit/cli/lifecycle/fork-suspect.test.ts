import { expect, it } from 'vitest';
import { isForkSuspect } from '../../../../src/cli/lifecycle/fork-suspect.ts';
import {
  GuestClosedError,
  InvalidInputError,
  MachineEndedError,
  TimedOutError,
} from '../../../../src/errors/index.ts';

it.each([
  ['a kernel panic', new MachineEndedError('panic', { kind: 'panic' }), true],
  ['a crash of QEMU', new MachineEndedError('crash', { kind: 'qemu-crash' }), true],
  ['a guest that powers off', new MachineEndedError('off', { kind: 'power-off' }), false],
  ['a lost directory', new MachineEndedError('lost', { kind: 'share-lost' }), false],
  ['a lost agent', new GuestClosedError('lost'), true],
  ['a default time limit', new TimedOutError('waiting for the agent', 1), true],
  // --timeout aborts the command with this reason.
  ['the time limit of the user', new DOMException('', 'TimeoutError'), false],
  ['a wrong option', new InvalidInputError('cwd', 'no'), false],
])('a fork may explain %s: %s', (_, error, expected) => {
  expect(isForkSuspect(error)).toBe(expected);
});
