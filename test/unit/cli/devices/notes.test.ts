import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cdCommand } from '../../../../src/cli/devices/cd.ts';
import { shareCommand } from '../../../../src/cli/devices/share.ts';
import { ownLocations } from '../../../../src/machine/paths/own-locations.ts';
import { volumeFiles } from '../../../../src/machine/volume/volume-files.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedMachine } from '../../machines/stored-machine.ts';

const directory = temporaryDirectory();
let printed = '';

beforeEach(() => {
  printed = '';
  for (const [name, value] of Object.entries({ DATA: directory, STATE: `${directory}/state` }))
    vi.stubEnv(`XDG_${name}_HOME`, value);
  vi.stubEnv('XDG_RUNTIME_DIR', directory);
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const cd = async (...words: string[]): Promise<unknown> => cdCommand().parseAsync(words, { from: 'user' });

describe('the CD drives of a running machine', () => {
  const later =
    'vmlet: the change takes effect at the next start of machine "web"; to restart the machine now, run: vmlet restart web\n';

  it('change at its next start', async () => {
    const stored = storedMachine(directory, { cdroms: [{ name: 'cdrom0' }] });
    countAsRunning(stored, { cdroms: [{ name: 'cdrom0' }] });
    await cd('add', 'web');
    expect(printed).toBe(`cdrom1\n${later}`);
    printed = '';
    await cd('rm', 'web', 'cdrom0');
    expect(printed).toBe(`cdrom0\n${later}`);
  });

  it('that the machine does not have yet are removed at once', async () => {
    const stored = storedMachine(directory, { cdroms: [{ name: 'cdrom0' }] });
    countAsRunning(stored);
    await cd('rm', 'web');
    expect(printed).toBe('cdrom0\n');
  });
});

it.each(['cache:/v:size=30M', 'type=volume,src=cache,dst=/v,size=30M'])(
  'share add %s says that an existing volume keeps its size',
  async (text) => {
    storedMachine(directory);
    const { disk, users } = volumeFiles(ownLocations(process.env), 'cache');
    mkdirSync(users, { recursive: true });
    writeFileSync(disk, '');
    truncateSync(disk, 64 * 1024 ** 2);
    await shareCommand().parseAsync(['add', 'web', text], { from: 'user' });
    expect(printed).toBe('/v\nvmlet: volume "cache" exists and has 64 MiB; size=30M has no effect\n');
  },
);
