import { expect, test } from 'vitest';
import { readSchemaFeatures } from '../../../../src/host/programs/schema-features.ts';

/** The relevant entries of query-qmp-schema, with readable names in place of QEMU’s numbers. */
function schema(stream: readonly string[], incoming: readonly string[]): unknown {
  const members = (names: readonly string[]): object[] => names.map((name) => ({ name, type: 'str' }));
  const variants = [
    { case: 'user', type: 'user' },
    { case: 'stream', type: 'stream' },
  ];
  return [
    { name: 'netdev_add', 'meta-type': 'command', 'arg-type': 'netdev', 'ret-type': '0' },
    { name: 'netdev', 'meta-type': 'object', members: members(['id', 'type']), tag: 'type', variants },
    { name: 'user', 'meta-type': 'object', members: members(['reconnect-ms']) },
    { name: 'stream', 'meta-type': 'object', members: members(stream) },
    { name: 'migrate-incoming', 'meta-type': 'command', 'arg-type': 'incoming', 'ret-type': '0' },
    { name: 'incoming', 'meta-type': 'object', members: members(incoming) },
    // An unrelated entry: the audio devices.
    { name: 'audio', 'meta-type': 'object', members: members(['channels', 'reconnect']) },
  ];
}

const CHANNELS = ['uri', 'channels'];

test.each([
  ['7.2', ['addr', 'server'], ['uri'], [false, false, false, false]],
  ['8.0', ['addr', 'server', 'reconnect'], ['uri'], [false, true, false, false]],
  ['8.2', ['addr', 'server', 'reconnect'], CHANNELS, [false, true, true, false]],
  ['9.1', ['addr', 'server', 'reconnect'], [...CHANNELS, 'exit-on-error'], [false, true, true, true]],
  [
    '10.0',
    ['addr', 'server', 'reconnect', 'reconnect-ms'],
    [...CHANNELS, 'exit-on-error'],
    [true, true, true, true],
  ],
  ['11.1', ['addr', 'server', 'reconnect-ms'], [...CHANNELS, 'exit-on-error'], [true, true, true, true]],
])('a QEMU with %s', (_, stream, incoming, expected) => {
  const [hasReconnectMs, hasStreamReconnect, opensStateFiles, staysOnRestoreFailure] = expected;
  const features = { hasReconnectMs, hasStreamReconnect, opensStateFiles, staysOnRestoreFailure };
  expect(readSchemaFeatures(schema(stream, incoming))).toEqual(features);
});

test('a QEMU without a schema has no features', () => {
  expect(new Set(Object.values(readSchemaFeatures(undefined)))).toEqual(new Set([false]));
});
