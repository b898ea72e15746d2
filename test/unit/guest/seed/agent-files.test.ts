import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bootFiles } from '../../../../src/guest/seed/agent-files.ts';

const UNIT = 'src/images/build/common/root/etc/systemd/system/vmlet-agent.service';

const ofImages = readFileSync(join(import.meta.dirname, '../../../..', UNIT), 'utf8');
const ofSeeds = Buffer.from(bootFiles(new Uint8Array(), false).get('vmlet-agent.service') ?? []).toString();

/** The settings of the service, without its programs. */
const settings = (unit: string): string[] =>
  (unit.split('[Service]\n')[1] ?? '').split('\n').filter((line) => line !== '' && !/^(#|Exec)/.test(line));

describe("the unit of vmlet's agent", () => {
  it('keeps the agent, and the commands in its group, when the kernel kills one that lacks memory', () => {
    expect(settings(ofSeeds)).toEqual(expect.arrayContaining(['OOMPolicy=continue', 'TasksMax=infinity']));
  });

  it('has the same settings in seeds and in images', () => {
    expect(settings(ofImages)).toEqual(settings(ofSeeds));
  });
});
