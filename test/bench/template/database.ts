import { ImageStore, createTemplate, launch } from '../../../src/index.ts';
import { alternate } from '../measurement/alternate.ts';
import type { Section } from '../section.ts';
import { describeTimes, median } from '../measurement/statistics.ts';

const IMAGE = 'bench-database';
const QUERY = 'runuser -u postgres -- psql -Atc';
const GUEST = { image: IMAGE, memory: '1G' } as const;

/** Debian with systemd and PostgreSQL. */
export const database: Section = {
  title: 'a Debian guest until its database answers: a fork against a cold boot (at most 1/12)',
  rounds: 5,
  async run(rounds) {
    const store = new ImageStore();
    await store.build({ distribution: 'debian:13', include: ['postgresql'], name: IMAGE });
    await using template = await createTemplate({
      ...GUEST,
      run: ['systemctl is-system-running --wait || true', `until ${QUERY} 'select 1'; do sleep 1; done`],
    });
    const [cold = [], forked = []] = await alternate(
      [
        {
          name: 'cold boot',
          measure: async () => {
            const started = performance.now();
            await using machine = await launch(GUEST);
            await machine.exec(['sh', '-c', `until ${QUERY} 'select 1'; do sleep 0.1; done`]);
            return performance.now() - started;
          },
        },
        {
          name: 'fork',
          measure: async () => {
            const started = performance.now();
            await using machine = await template.fork();
            // At once, or not at all.
            const { exitCode, stderr } = await machine.exec(['sh', '-c', `${QUERY} 'select 1'`]);
            if (exitCode !== 0) throw new Error(stderr.toString());
            return performance.now() - started;
          },
        },
      ],
      rounds,
    );
    const text = [
      `cold boot  ${describeTimes(cold)}`,
      `fork       ${describeTimes(forked)}: 1/${(median(cold) / median(forked)).toFixed(1)} of it`,
    ].join('\n');
    return { text, data: { cold, forked } };
  },
};
