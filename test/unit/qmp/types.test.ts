import { describe, expectTypeOf, test } from 'vitest';
import type {
  CommandArguments,
  CommandReturn,
  JobCommandName,
  OutOfBandCommandName,
  QmpClient,
  QmpEvent,
  QmpInteger,
} from '../../../src/qmp/index.ts';

/** Compiled and never run: the compiler is the test. */
type Scenario = (client: QmpClient) => unknown;

describe('commands', () => {
  test('arguments are optional if none is required', () => {
    const accepted: Scenario[] = [
      async (client) => client.execute('query-status'),
      async (client) => client.execute('query-status', {}, { timeoutMs: 5 }),
      async (client) => client.execute('query-named-block-nodes', { flat: true }),
      async (client) => client.execute('device_del', { id: 'a' }),
    ];
    const refused: Scenario[] = [
      // @ts-expect-error id is required
      async (client) => client.execute('device_del'),
      // @ts-expect-error id is a string
      async (client) => client.execute('device_del', { id: 1 }),
      // @ts-expect-error no such argument
      async (client) => client.execute('device_del', { id: 'a', force: true }),
      // @ts-expect-error query-status takes none
      async (client) => client.execute('query-status', { verbose: true }),
    ];
    expectTypeOf(accepted).toEqualTypeOf(refused);
  });

  test('blockdev-add discriminates on driver', () => {
    const accepted: Scenario[] = [
      async (client) =>
        client.execute('blockdev-add', {
          driver: 'qcow2',
          'node-name': 'disk',
          'lazy-refcounts': true,
          file: { driver: 'file', filename: 'disk.qcow2', locking: 'auto' },
          backing: null,
        }),
      async (client) => client.execute('blockdev-add', { driver: 'null-co', size: 2n ** 62n }),
      async (client) => client.execute('blockdev-add', { driver: 'raw', file: 'other-node' }),
      async (client) => client.execute('blockdev-add', { driver: 'null-co', 'node-name': undefined }),
    ];
    const refused: Scenario[] = [
      // @ts-expect-error no such driver
      async (client) => client.execute('blockdev-add', { driver: 'qcow9', file: 'a' }),
      // @ts-expect-error file is required
      async (client) => client.execute('blockdev-add', { driver: 'qcow2' }),
      // @ts-expect-error lazy-refcounts is qcow2's
      async (client) => client.execute('blockdev-add', { driver: 'raw', file: 'a', 'lazy-refcounts': true }),
      // @ts-expect-error filename is required of a file
      async (client) => client.execute('blockdev-add', { driver: 'raw', file: { driver: 'file' } }),
    ];
    expectTypeOf(accepted).toEqualTypeOf(refused);
  });

  test('device_add takes properties that introspection does not know', () => {
    expectTypeOf<{ driver: 'virtio-blk-pci'; drive: string }>().toExtend<CommandArguments<'device_add'>>();
    expectTypeOf<{ drive: string }>().not.toExtend<CommandArguments<'device_add'>>();
  });

  test('results are typed, with open enums', () => {
    expectTypeOf<CommandReturn<'query-status'>['running']>().toEqualTypeOf<boolean>();
    expectTypeOf<CommandReturn<'query-balloon'>['actual']>().toEqualTypeOf<QmpInteger>();
    expectTypeOf<'a state of the future'>().toExtend<CommandReturn<'query-status'>['status']>();
    expectTypeOf<CommandReturn<'human-monitor-command'>>().toEqualTypeOf<string>();
    expectTypeOf<CommandReturn<'qom-get'>>().toBeUnknown();
  });

  test('unknown commands are allowed', () => {
    expectTypeOf<CommandReturn<'x-future'>>().toBeUnknown();
    const accepted: Scenario[] = [
      async (client) => client.execute('x-future'),
      async (client) => client.execute('x-future', { anything: [1] }),
      async (client) => client.supports('x-future'),
    ];
    expectTypeOf(accepted).toBeArray();
  });

  test('only some commands run out of band, only some start jobs', () => {
    expectTypeOf<'yank'>().toExtend<OutOfBandCommandName>();
    expectTypeOf<'query-status'>().not.toExtend<OutOfBandCommandName>();
    expectTypeOf<'blockdev-mirror'>().toExtend<JobCommandName>();
    expectTypeOf<'blockdev-add'>().not.toExtend<JobCommandName>();
    const refused: Scenario[] = [
      // @ts-expect-error QEMU does not allow it
      async (client) => client.executeOutOfBand('query-status'),
    ];
    expectTypeOf(refused).toBeArray();
  });

  test('a user’s own build replaces the types', () => {
    interface Commands {
      'my-command': { arguments: { a: number }; returns: { b: string } };
    }
    const accepted = async (client: QmpClient<Commands>): Promise<string> =>
      (await client.execute('my-command', { a: 1 })).b;
    const refused = async (client: QmpClient<Commands>): Promise<unknown> =>
      // @ts-expect-error a is a number
      client.execute('my-command', { a: 'x' });
    expectTypeOf(accepted).toBeFunction();
    expectTypeOf(refused).toBeFunction();
  });
});

describe('events', () => {
  test('narrow on their name', () => {
    const use = (event: QmpEvent): unknown => {
      // @ts-expect-error not every event has a reason
      const tooEarly: unknown = event.data.reason;
      if (event.event === 'SHUTDOWN') return event.data.guest;
      if (event.event === 'BLOCK_JOB_READY') return event.data.device.length;
      return tooEarly;
    };
    expectTypeOf(use).toBeFunction();
    expectTypeOf<QmpEvent<'SHUTDOWN'>['data']['guest']>().toEqualTypeOf<boolean>();
  });

  test('are typed for listeners, waits and iterators', () => {
    const scenario: Scenario = async (client) => {
      client.on('DEVICE_DELETED', ({ data }) => expectTypeOf(data.path).toEqualTypeOf<string>());
      client.on('X_FUTURE', ({ data }) => expectTypeOf(data['x']).toBeUnknown());
      const { data } = await client.waitFor('SHUTDOWN', { where: (event) => event.data.guest });
      expectTypeOf(data.guest).toEqualTypeOf<boolean>();
      for await (const event of client.events(['STOP', 'SHUTDOWN'])) {
        if (event.event === 'SHUTDOWN') expectTypeOf(event.data.guest).toEqualTypeOf<boolean>();
        // @ts-expect-error not among those asked for
        if (event.event === 'RESET') return;
      }
      for await (const event of client.events()) {
        if (event.event === 'SHUTDOWN') expectTypeOf(event.data.guest).toEqualTypeOf<boolean>();
      }
    };
    expectTypeOf(scenario).toBeFunction();
  });
});
