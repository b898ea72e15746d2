import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCapture } from '../../../../src/network/private/switch-client.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

test('an abort ends a capture after all that the switch still sends', async () => {
  const socket = join(directory, 'switch.sock');
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.once('data', () => client.write('{"result":{}}\nfirst half,'));
    client.once('end', () => client.end('second half'));
  });
  await once(server.listen(socket), 'listening');
  const abort = new AbortController();
  const place = { network: 'lan', files: { socket } };
  const frames = await openCapture(place, undefined, { signal: abort.signal });
  let file = '';
  for await (const chunk of frames ?? []) {
    file += chunk.toString();
    abort.abort();
  }
  expect(file).toBe('first half,second half');
  server.close();
});
