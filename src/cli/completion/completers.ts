/** One completion. */
export interface Candidate {
  readonly value: string;
  /** Shown beside it by shells that support this; may be empty. */
  readonly description: string;
}

export interface Completions {
  readonly candidates: readonly Candidate[];
  /** Paths that the shell offers in addition to the candidates. */
  readonly paths: 'none' | 'files' | 'directories';
  /** All of them are followed by a colon and a path of the guest, which the shell cannot know. */
  readonly precedeColon?: boolean;
}

/** @param operands the earlier words, by the names of their arguments. */
type Completer = (operands: ReadonlyMap<string, string>) => Promise<Completions>;

const files: Completer = async () => Promise.resolve({ candidates: [], paths: 'files' });
const directories: Completer = async () => Promise.resolve({ candidates: [], paths: 'directories' });
const machines: Completer = async () => only(await machineNames(), 'machine');
const templates: Completer = async () => only(await templateNames(), 'template');
const networks: Completer = async () => only(await networkNames(), 'network');
const pools: Completer = async () => only(await poolNames(), 'pool');
const images: Completer = async () => only(await imageNames(), 'image');
const guestPath: Completer = async () => followed(await machineNames(), 'machine');
/** A path of the host, or NAME:/PATH in a machine. */
const place: Completer = async () => ({ ...(await guestPath(new Map())), paths: 'files' });

/**
 * Completers by the name of the argument or of the flag's value, without angle brackets. Other names have no
 * completions.
 */
const COMPLETERS: Readonly<Record<string, Completer>> = {
  machine: machines,
  machines,
  images,
  source: place,
  target: place,
  'guest-path': guestPath,
  template: templates,
  templates,
  network: networks,
  networks,
  net: async () => ({
    candidates: [...(await firstCards()), ...(await networks(new Map())).candidates],
    paths: 'none',
  }),
  pool: pools,
  pools,
  'stored-image': images,
  image: async () => ({ candidates: await bootableImages(), paths: 'files' }),
  references: async () => ({ candidates: await catalogueImages(), paths: 'none' }),
  snapshot: async (operands) => only(await snapshotNames(operands.get('machine')), 'snapshot'),
  snapshots: async (operands) => only(await snapshotNames(operands.get('machine')), 'snapshot'),
  'disk-name': async (operands) => only(await diskNames(operands.get('machine')), 'disk'),
  'mount-point': async (operands) => only(await mountPoints(operands.get('machine')), 'mount point'),
  volumes: async () => only(await volumeNames(), 'volume'),
  volume: async () => ({ ...followed(await volumeNames(), 'volume'), paths: 'directories' }),
  format: async () => Promise.resolve(only(['json'], '')),
  drive: async (operands) => only(await driveNames(operands.get('machine')), 'CD drive'),
  file: files,
  files,
  disk: files,
  share: files,
  path: files,
  program: files,
  dir: directories,
};

export async function completionsOfKind(
  kind: string,
  operands: ReadonlyMap<string, string>,
): Promise<Completions> {
  const completer = Object.hasOwn(COMPLETERS, kind) ? COMPLETERS[kind] : undefined;
  return completer === undefined ? { candidates: [], paths: 'none' } : completer(operands);
}

async function machineNames(): Promise<string[]> {
  const { MachineStore } = await import('../../machines/index.ts');
  return new MachineStore().names();
}

async function networkNames(): Promise<string[]> {
  const { NetworkStore } = await import('../../machines/index.ts');
  return new NetworkStore().names();
}

/** The values of `--network` that are no names of private networks. */
async function firstCards(): Promise<Candidate[]> {
  const { NETS } = await import('../../public/options.ts');
  return NETS.map((value) => ({ value, description: 'first network card' }));
}

async function templateNames(): Promise<string[]> {
  const { listTemplates } = await import('../../index.ts');
  return listTemplates().map(({ name }) => name);
}

async function poolNames(): Promise<string[]> {
  const { listPools } = await import('../../public/pools.ts');
  return listPools().map(({ name }) => name);
}

async function snapshotNames(machine: string | undefined): Promise<string[]> {
  return ((await (await findMachine(machine))?.snapshots()) ?? []).map(({ name }) => name);
}

async function volumeNames(): Promise<string[]> {
  const { VolumeStore } = await import('../../machines/index.ts');
  return new VolumeStore().names();
}

async function diskNames(machine: string | undefined): Promise<string[]> {
  return ((await findMachine(machine))?.spec.disks ?? []).map(({ name }) => name);
}

async function mountPoints(machine: string | undefined): Promise<string[]> {
  const shares = (await (await findMachine(machine))?.shares()) ?? [];
  return shares.filter(({ removed }) => !removed).map(({ target }) => target);
}

async function driveNames(machine: string | undefined): Promise<string[]> {
  return ((await findMachine(machine))?.spec.cdroms ?? []).map(({ name }) => name);
}

async function findMachine(name: string | undefined) {
  const { MachineStore } = await import('../../machines/index.ts');
  const store = new MachineStore();
  return name !== undefined && store.names().includes(name) ? store.get(name) : undefined;
}

async function imageNames(): Promise<string[]> {
  const { ImageStore } = await import('../../index.ts');
  const { images: listed } = await new ImageStore().list();
  return listed.flatMap(({ names }) => names);
}

/** Images that can be pulled by name. Errors in the user's own catalogue are reported by `pull`, not here. */
async function catalogueImages(): Promise<Candidate[]> {
  const { CatalogueFileError, ImageStore } = await import('../../index.ts');
  try {
    const rows = await new ImageStore().catalogue();
    return rows.flatMap(({ reference, aliases, description }) =>
      [reference, ...aliases].map((value) => ({ value, description })),
    );
  } catch (error) {
    if (error instanceof CatalogueFileError) return [];
    throw error;
  }
}

/** Local images and images that can be pulled. */
async function bootableImages(): Promise<Candidate[]> {
  const here = (await imageNames()).map((value) => ({ value, description: 'image' }));
  const others = (await catalogueImages()).filter(
    ({ value }) => !here.some((image) => image.value === value),
  );
  return [...here, ...others];
}

/** Names that a path follows, as in `web:/etc`. */
function followed(names: readonly string[], description: string): Completions {
  const values = names.map((name) => `${name}:`);
  return { ...only(values, description), precedeColon: true };
}

function only(values: readonly string[], description: string): Completions {
  return { candidates: values.map((value) => ({ value, description })), paths: 'none' };
}
