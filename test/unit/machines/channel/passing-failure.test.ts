import { expect, test } from 'vitest';
import {
  GuestClosedError,
  GuestProtocolError,
  GuestRequestError,
  GuestSetupError,
  InvalidInputError,
  MachineStateError,
  QmpClosedError,
  TimedOutError,
} from '../../../../src/errors/index.ts';
import { isPassingFailure } from '../../../../src/machines/channel/passing-failure.ts';

test.each([
  new TimedOutError('waiting for the agent', 1000),
  new MachineStateError('m', 'running', 'is running, but its agent closed the connection'),
  // A reboot between two requests of one look.
  new GuestClosedError('the vmlet agent in machine "m" exited, or the machine is rebooting'),
  new QmpClosedError('guest-exec', undefined),
  // The guest's init ends all programs before it reboots.
  new GuestSetupError('listing the IP addresses', undefined, ''),
])('asking again may succeed after: $message', (error) => {
  expect(isPassingFailure(error)).toBe(true);
});

test.each([
  new GuestSetupError('checking cloud-init', 1, ''),
  new GuestRequestError(undefined, 'ECONNREFUSED', 'connection refused'),
  new GuestProtocolError('invalid frame'),
  new InvalidInputError('port', 'no forward'),
  new Error('internal error'),
])('asking again does not help after: $message', (error) => {
  expect(isPassingFailure(error)).toBe(false);
});
