import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCapture, reloadSwitch } from '../../../../src/network/private/switch-client.ts';
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

test('a switch of another release that rejects the table is to be replaced', async () => {
  const socket = join(directory, 'earlier.sock');
  const answer = { error: { code: 'table', message: 'table:3: invalid latency, loss or bandwidth' } };
  const server = createServer((client) => {
    client.once('data', () => client.end(`${JSON.stringify(answer)}\n`));
  });
  await once(server.listen(socket), 'listening');
  await expect(reloadSwitch({ network: 'lan', files: { socket } })).rejects.toMatchObject({
    reason: 'table',
    hint: expect.stringMatching(/^stop all machines in this network, .* another release of vmlet$/) as string,
  });
  server.close();
});
