import { afterEach, beforeEach, expect, it } from 'vitest';
import { attachPlayed } from '../../../../fixtures/agent/played-agent.ts';
import { FrameType, Stream, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import { lookForSuccess } from '../../../../src/testing/guests/probe-command.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;

beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

it.each([
  [3, 'out\n', 'err\n', 'it exited with status 3; stdout ends in "out", stderr ends in "err"'],
  [3, '', 'err\n', 'it exited with status 3; stderr ends in "err"'],
  [0, '1\n2\n3\n4\n', '', 'it exited with status 0 without "ready"; stdout ends in "2\\n3\\n4"'],
  [0, '', '', 'it exited with status 0 without "ready"; it printed nothing'],
])('quotes the output of a command that exits with status %i and prints %j and %j', async (...of) => {
  const [status, stdout, stderr, seen] = of;
  const { guest, agent } = await attachPlayed(scope);
  agent.write(
    Buffer.concat([
      encodeFrame(FrameType.data, Stream.output, 1, Buffer.from(stdout)),
      encodeFrame(FrameType.data, Stream.error, 1, Buffer.from(stderr)),
      encodeFrame(FrameType.exit, 0, 1, Buffer.from([status, 0])),
      encodeFrame(FrameType.end, Stream.output, 1),
      encodeFrame(FrameType.end, Stream.error, 1),
    ]),
  );
  const look = lookForSuccess(guest, 'check', 'ready', {});
  expect(await look(new AbortController().signal, () => undefined)).toEqual({ seen });
});
