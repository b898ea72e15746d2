import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { qgaOpenedAt } from '../../../../src/machines/channel/read-guest-ports.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { temporaryDirectory } from '../../../directory.ts';

const events = join(temporaryDirectory(), 'events.jsonl');
const definition = { files: { events } } as unknown as Definition;

const changed = (id: string, open: boolean, seconds: number): string =>
  `${JSON.stringify({ event: 'VSERPORT_CHANGE', data: { id, open }, timestamp: { seconds, microseconds: 500_000 } })}\n`;

it('is the last time at which that agent opened its port', async () => {
  writeFileSync(
    events,
    [
      changed('guest-agent-device', true, 10),
      changed('guest-agent-device', false, 11),
      changed('guest-agent-device', true, 20),
      changed('agent', true, 30),
    ].join(''),
  );
  expect(await qgaOpenedAt(definition)).toBe(20_500);
});

it('is unknown if the log does not say', async () => {
  writeFileSync(events, changed('agent', true, 30));
  expect(await qgaOpenedAt(definition)).toBeUndefined();
});
