import { writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { createTemplate } from '../../../src/index.ts';
import { launchAt } from '../../../src/machine/launch/launch.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { Scope } from '../../../src/util/scope.ts';
import { makeHome } from '../../e2e/named/home.ts';
import { type Crowd, loadEmbedded } from './embedded.ts';
import { loadNamed } from './named.ts';
import type { HardeningOptions, Section } from '../section.ts';

const SIZE = 100;
const MIB = 2 ** 20;
/** The maximum memory of a guest of 96 MiB with its QEMU. */
const GUEST_BYTES = 200 * MIB;
/** More at once than there are processors would only wait for each other. */
const BOOTING = 6;

export const load: Section = {
  title: 'a hundred machines at once, started as fast as the launcher can',
  async run(options) {
    await using scope = new Scope();
    const home = await makeHome();
    scope.defer(async () => home.close());
    const locations = locate(home.environment, home.path, process.getuid?.() ?? 0);
    liveIn(home.environment, scope);
    const size = Math.max(2, Math.round(SIZE * options.scale));
    const image = join(home.path, 'hang.raw');
    writeFileSync(image, bootSectors.hang);
    const sectors: Crowd = {
      what: 'boot sectors with passt, all at once',
      size,
      atOnce: size,
      endsBy: 'quit',
      stopMs: 20_000,
      start: async () => launchAt({ locations }, { image, memory: '32M', ports: ['8080'], until: 'running' }),
    };
    // The first launch of a user probes the host.
    await (await sectors.start(0)).kill();
    const results = [
      await loadEmbedded(sectors, locations, options),
      await loadNamed(home, image, size, Math.min(size, 20), options),
    ];
    if (options.scale === 1) results.push(...(await guests(locations, options)));
    return {
      counts: results.map(({ count }) => count),
      faults: results.flatMap(({ faults }) => faults),
    };
  },
};

/** Sets this process’s environment, which decides where templates are, until the scope closes. */
function liveIn(environment: NodeJS.ProcessEnv, scope: Scope): void {
  const former = process.env;
  process.env = { ...former, ...environment };
  scope.defer(() => void (process.env = former));
}

type Loaded = Awaited<ReturnType<typeof loadEmbedded>>;

async function guests(locations: ReturnType<typeof locate>, options: HardeningOptions): Promise<Loaded[]> {
  const size = Math.min(SIZE, Math.floor(freemem() / GUEST_BYTES));
  const micro: Crowd = {
    what: 'guests of micro with agent and passt; each has run a command',
    size,
    atOnce: BOOTING,
    endsBy: 'guest',
    stopMs: 60_000,
    start: async () => {
      const machine = await launchAt({ locations }, { memory: '96M' });
      await machine.exec(['true']);
      return machine;
    },
  };
  const booted = await loadEmbedded(micro, locations, options);
  await using template = await createTemplate({ memory: '96M' });
  const forks: Crowd = {
    ...micro,
    what: 'forks of one template with agent and passt; each has run a command',
    size: SIZE,
    start: async () => {
      const machine = await template.fork();
      await machine.exec(['true']);
      return machine;
    },
  };
  return [booted, await loadEmbedded(forks, locations, options)];
}
