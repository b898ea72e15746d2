import type { Seed } from './options.ts';

/** The machine that a seed is for. */
export interface SeedTarget {
  /** Another one makes the guest go through its first boot again. */
  readonly instanceId: string;
  /** What the guest is called where the seed does not say it. */
  readonly hostname: string;
  /** Of the network card; undefined where there is none. */
  readonly macAddress: string | undefined;
  /** The login that is made where the seed does not name one. */
  readonly defaultUser: string;
  /** The program, which is installed and started; undefined to do without: it needs Linux, FreeBSD has none. */
  readonly agent: Uint8Array | undefined;
  readonly provisioner: 'cloud-init' | 'nuageinit' | 'tiny-cloud';
}

/**
 * The files of a NoCloud seed, by their names on a file system that is labelled `CIDATA`.
 * @throws InvalidInputError for user-data that cannot be read, or that the guest's provisioner cannot take.
 */
export async function makeSeed(seed: Seed, target: SeedTarget): Promise<Map<string, Uint8Array>> {
  const text = (value: string): Buffer => Buffer.from(value);
  return Promise.resolve(
    new Map<string, Uint8Array>([
      [
        'meta-data',
        text(
          `instance-id: ${target.instanceId}\nlocal-hostname: ${seed.hostname ?? target.hostname}\ndsmode: local\n`,
        ),
      ],
      ['user-data', text('#cloud-config\n')],
    ]),
  );
}
