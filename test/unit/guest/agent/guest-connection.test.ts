import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { attachPlayed } from '../../../../fixtures/agent/played-agent.ts';
import { FrameType, Stream, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import { Scope } from '../../../../src/util/scope.ts';

const CHANNEL = 1;
const started = encodeFrame(FrameType.started, 0, CHANNEL, Buffer.alloc(4));
const content = (bytes: string) => encodeFrame(FrameType.data, Stream.output, CHANNEL, Buffer.from(bytes));
const end = encodeFrame(FrameType.end, Stream.output, CHANNEL);
const exit = encodeFrame(FrameType.exit, 0, CHANNEL, Buffer.alloc(2));

let scope: Scope;
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

test.each([
  ['before the last bytes', [content('first, '), exit, content('last'), end]],
  ['between the last bytes and their end', [content('first, last'), exit, end]],
  ['after the end', [content('first, last'), end, exit]],
])('all bytes of a server arrive with an EXIT %s', async (_, frames) => {
  const { guest, agent } = await attachPlayed(scope);
  const connecting = guest.connect(80);
  agent.write(started);
  const { output } = await connecting;
  agent.write(Buffer.concat(frames));
  expect(await text(output)).toBe('first, last');
  // The channel has ended, so frames for its number do not end the session.
  agent.write(Buffer.concat([content('late'), encodeFrame(FrameType.pong, 0, CHANNEL + 1)]));
  await guest.ping();
});
